import { join } from 'node:path'
import type { Express } from 'express'
import type { LocalAccount, PublicClient } from 'viem'
import type { Manifest } from '../../chain/manifest.ts'
import type { Log } from '../runtime/log.ts'
import { type Outbox, openOutbox } from '../runtime/outbox.ts'
import { openOutboxStore } from '../runtime/store.ts'
import { createApp } from './app.ts'
import { openBonds } from './bonds/openBonds.ts'
import { type BurialStore, openBurialStore } from './bonds/store.ts'
import type { Contracts, NetworkView } from './chain.ts'
import type { RelayerConfig } from './config.ts'
import { openDays, pauseBetweenReadingsMs } from './days.ts'
import { createMetrics } from './metrics.ts'
import { type Network, networkIdentity } from './network.ts'
import { openNodes } from './openNodes.ts'
import type { Peer } from './peers/list.ts'
import { createPlan } from './plan.ts'
import { noPoolRows, openPoolRows, type PoolRows } from './pools/poolRows.ts'
import { readReporters } from './pools/reporters.ts'
import { openPoolStore } from './pools/store.ts'
import { openWatch, type WatchParameters } from './pools/watch.ts'
import { openProver } from './prover/openProver.ts'
import { createRounds } from './rounds.ts'
import { createSight } from './sight.ts'
import { createSource, sourceIdentity } from './source.ts'
import { openDayStore } from './store.ts'
import { work } from './work.ts'

export type ServiceParameters = {
  config: RelayerConfig
  live: boolean
  manifest: Manifest
  network: Network
  contracts: Contracts
  peers: readonly Peer[]
  client: PublicClient
  /** What the chain said when it first answered. */
  view: NetworkView
  accounts: readonly LocalAccount[]
  /** Absent in a process that only looks on. */
  payer: LocalAccount | undefined
  log: Log
  signal: AbortSignal
}

export type Service = {
  app: Express
  /** To be repeated beside each other. */
  rounds: readonly (() => Promise<unknown>)[]
  close(): Promise<void>
}

/** Puts a process together: its stores, its source, its nodes, and what it says of itself. */
export async function openService(parameters: ServiceParameters): Promise<Service> {
  const { config, live, manifest, network, contracts, peers, client, view, accounts, log, signal } =
    parameters
  const { chainId } = manifest.l2
  const folder = config.HASHSAND_STATE_DIR
  const identity = networkIdentity({ manifest, network, contracts })
  const burials = await openBurialStore(join(folder, 'burials'))
  const { source, days, close: closeDays } = await openSource(parameters, identity, burials)
  const outbox = await openPayer(parameters)

  const sight = createSight(view)
  const metrics = createMetrics({ status: () => rounds.status(), peers: () => nodes.peers() })
  const { rows, close: closeRows } = await openRows(parameters, {
    ...{ totals: days.totals, chainTime: sight.time, metrics: metrics.node },
  })
  const nodes = await openNodes({
    ...{ accounts, identity, folder, peers, sight, signal, days, live, log, rows },
    ...{ network: network.id, index: { chainId, rewardIndex: contracts.rewardIndex }, metrics: metrics.node },
    listen: { host: config.HASHSAND_PEER_HOST, port: config.HASHSAND_PEER_PORT },
  })
  const indices = manifest.indices.filter((index) => index.network === network.id)
  const context = { client, chainId, contracts, network: network.id, indices, days, rows, sight, outbox, log }
  const prover = await openProver({
    ...{ client, rewardIndex: contracts.rewardIndex, network: network.id, source, days },
    ...{ sight, accounts, outbox, failed: metrics.provingFailed, log },
  })
  const bonds = openBonds({
    ...{ client, chainId, rewardIndex: contracts.rewardIndex, network: network.id, days, burials },
    ...{ bonds: manifest.l2.contracts?.SignerBonds, nodes: nodes.all, sight, outbox, log },
  })
  const plan = createPlan(log)
  const rounds = createRounds({
    work: () => work({ ...context, plan, nodes: nodes.all }),
    facts: () => ({
      network: { id: network.id, name: network.name, unit: network.unit, source: source.kind },
      ...{ live, nodes: accounts.map(({ address }) => address), peers: nodes.peers() },
      pendingTransactions: outbox?.pending() ?? 0,
      ...{ proving: prover.progress(), accusations: bonds.defenceless() },
    }),
  })
  const { registry } = metrics
  const unitWork = BigInt(network.unitWork)
  return {
    app: createApp({ status: rounds.status, days, rows, unitWork, registry, log }),
    rounds: [() => rounds.run(metrics), ...prover.rounds, ...bonds.rounds],
    close: async () => {
      await nodes.close()
      await outbox?.close()
      await closeRows()
      await closeDays()
      await burials.close()
    },
  }
}

async function openSource(
  { config, network, view, signal }: ServiceParameters,
  identity: string,
  burials: BurialStore,
) {
  const kind = config.HASHSAND_SOURCE ?? network.source
  const bound = `${identity} from ${sourceIdentity(kind, config)}`
  const store = await openDayStore(join(config.HASHSAND_STATE_DIR, 'days'), bound)
  const { checkpoints, close } = store
  const source = createSource(kind, { config, checkpoints, signal })
  const pauseMs = pauseBetweenReadingsMs(view.clock)
  return { source, days: openDays({ source, store, burials, firstDay: view.firstDay, pauseMs }), close }
}

type RowsParameters = Pick<WatchParameters, 'totals' | 'chainTime' | 'metrics'>

/** A leader waits an hour of a real day for pools, which is when the blocks of the day count too. */
async function openRows(
  { config, view, log, signal }: ServiceParameters,
  known: RowsParameters,
): Promise<{ rows: PoolRows; close(): Promise<void> }> {
  if (config.HASHSAND_POOLS === undefined) return { rows: noPoolRows, close: async () => {} }
  const reporters = await readReporters(config.HASHSAND_POOLS)
  const store = await openPoolStore(join(config.HASHSAND_STATE_DIR, 'pools'))
  const dayMs = view.clock.epochSeconds * 1_000
  const { HASHSAND_POOLS_PATIENCE_SECONDS: seconds } = config
  const patienceMs = seconds === undefined ? Math.max(dayMs / 24, 10_000) : seconds * 1_000
  const retryMs = Math.max(dayMs / 288, 1_000)
  const watch = openWatch({ ...known, reporters, store, patienceMs, retryMs, log, signal })
  return { rows: openPoolRows({ store, ...watch }), close: store.close }
}

async function openPayer({
  config,
  client,
  payer,
  log,
  signal,
}: ServiceParameters): Promise<Outbox | undefined> {
  if (payer === undefined) return undefined
  const store = await openOutboxStore(join(config.HASHSAND_STATE_DIR, 'outbox'))
  return openOutbox({ client, account: payer, store, log, signal })
}
