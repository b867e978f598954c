import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Address } from 'viem'
import type { PeerState } from './peers/client.ts'
import type { Status } from './status.ts'

/** What one node counts. */
export type NodeMetrics = {
  /** A report, its own or a peer's, got this node's signature. */
  signed(): void
  /** A peer's proposal: signed, or why not. */
  answered(outcome: string): void
  /** Its own totals can not be right: no vote. */
  implausible(): void
  refusedBy(peer: Address, reason: string): void
  peerFailed(peer: Address, error: string): void
  /** A pool gave no row that counts. */
  poolFailed(pool: string, error: string): void
  /** A peer signed other totals than this node's. */
  disagreement(peer: Address): void
  /** A peer signed two statements in one round. */
  equivocation(peer: Address): void
}

export type Metrics = {
  registry: Registry
  node: NodeMetrics
  roundDone(): void
  roundFailed(error: string): void
  /** Proving is tried again, and nothing else waits for it. */
  provingFailed(error: string): void
}

export type MetricsParameters = {
  status: () => Status
  peers: () => readonly PeerState[]
}

/** This process's own registry. Gauges are read when somebody asks. */
export function createMetrics({ status, peers }: MetricsParameters): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  gauges(registry, status)
  new Gauge({
    name: 'hashsand_relayer_peer_up',
    help: '1 when the last request to a peer was answered well',
    labelNames: ['peer'],
    registers,
    collect() {
      this.reset()
      for (const { address, up } of peers()) {
        if (up !== undefined) this.set({ peer: address }, Number(up))
      }
    },
  })

  const counter = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Counter({ name: `hashsand_relayer_${name}_total`, help, labelNames, registers })
  const rounds = counter('rounds', 'Rounds of work that ended well')
  const failures = counter('round_failures', 'Rounds of work that failed and are tried again', ['error'])
  const unproven = counter('proving_failures', 'Rounds of proving that failed and are tried again', ['error'])
  const answers = counter('proposals_answered', "Peers' proposals: signed, or why not", ['outcome'])
  const signed = counter('reports_signed', 'Reports signed, again or for the first time')
  const implausible = counter('votes_withheld', 'Own totals that can not be right')
  const refused = counter('refusals', 'Own proposals that a peer refused', ['peer', 'reason'])
  const failed = counter('peer_failures', 'Requests to a peer without a usable answer', ['peer', 'error'])
  const pools = counter('pool_failures', 'Questions to a pool without a usable row', ['pool', 'error'])
  // A counter that begins at 1 has not increased for whoever looks at it: of each peer there is one from the start.
  const ofEachPeer = (name: string, help: string) =>
    new Counter({
      name: `hashsand_relayer_${name}_total`,
      help,
      labelNames: ['peer'],
      registers,
      collect() {
        for (const { address } of peers()) this.inc({ peer: address }, 0)
      },
    })
  const disagreements = ofEachPeer('disagreements', 'Reports signed by a peer that differ from ours')
  const equivocations = ofEachPeer('equivocations', 'Second statements of a peer in one round')
  return {
    registry,
    node: {
      signed: () => signed.inc(),
      answered: (outcome) => answers.inc({ outcome }),
      implausible: () => implausible.inc(),
      refusedBy: (peer, reason) => refused.inc({ peer, reason }),
      peerFailed: (peer, error) => failed.inc({ peer, error }),
      poolFailed: (pool, error) => pools.inc({ pool, error }),
      disagreement: (peer) => disagreements.inc({ peer }),
      equivocation: (peer) => equivocations.inc({ peer }),
    },
    roundDone: () => rounds.inc(),
    roundFailed: (error) => failures.inc({ error }),
    provingFailed: (error) => unproven.inc({ error }),
  }
}

function gauges(registry: Registry, status: () => Status): void {
  const gauge = (name: string, help: string, read: (status: Status) => number | undefined) =>
    new Gauge({
      name: `hashsand_relayer_${name}`,
      help,
      registers: [registry],
      collect() {
        const value = read(status())
        if (value === undefined) this.reset()
        else this.set(value)
      },
    })
  gauge('epoch', "The clock's epoch", ({ epoch }) => epoch)
  gauge('last_source_day', 'Last day closed from blocks', ({ lastSourceDay }) => lastSourceDay)
  gauge('last_attested_day', 'Last day attested on chain', ({ lastAttestedDay }) => lastAttestedDay)
  gauge('last_final_day', 'Last day final on chain', ({ lastFinalDay }) => lastFinalDay)
  gauge('lag_days', 'Days over and not attested', ({ lagDays }) => lagDays)
  gauge('round', 'Latest round that is open for the first missing day', ({ round }) => round)
  gauge('epoch_seconds', 'Length of an epoch', ({ epochSeconds }) => epochSeconds)
  gauge('chain_time_seconds', 'Time of the latest block of L2', ({ chainTime }) => chainTime)
  gauge('pending_transactions', 'Transactions on their way', (now) => now.pendingTransactions)
  gauge('payer_balance_ether', 'What is left to pay for submissions', ({ payerEther }) => payerEther)
  gauge('next_unproven_day', 'The day that the relay closes next', ({ proving }) => proving?.nextDay)
  gauge('accusations', 'Accusations of its nodes that it could not refute', (now) => now.accusations)
  gauge('relay_height', "Height of the relay's best block", ({ proving }) => proving?.relayHeight)
  gauge('exhausted', '1 when the recorded history is at its end', ({ exhausted }) => Number(exhausted))
  gauge('ready', '1 when a round succeeded lately', ({ ready }) => Number(ready))
  gauge('live', '1 when this process signs and sends', ({ live }) => Number(live))
  gauge('signers', 'How many of its nodes are signers of the network', ({ signing }) => signing)
}
