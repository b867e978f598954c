import { join } from 'node:path'
import type { Express } from 'express'
import type { LocalAccount, PublicClient } from 'viem'
import type { Manifest } from '../../chain/manifest.ts'
import type { Log } from '../runtime/log.ts'
import { type Outbox, openOutbox } from '../runtime/outbox.ts'
import { openOutboxStore } from '../runtime/store.ts'
import { createApp } from './app.ts'
import type { Contracts, NetworkView } from './chain.ts'
import type { RelayerConfig } from './config.ts'
import { openDays } from './days.ts'
import { createMetrics } from './metrics.ts'
import { type Network, networkIdentity } from './network.ts'
import { openNodes } from './openNodes.ts'
import type { Peer } from './peers/list.ts'
import { createPlan } from './plan.ts'
import { noPoolRows } from './poolRows.ts'
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
  const { source, days, close: closeDays } = await openSource(parameters, identity)
  const outbox = await openPayer(parameters)

  const sight = createSight(view)
  const metrics = createMetrics({ status: () => rounds.status(), peers: () => nodes.peers() })
  const nodes = await openNodes({
    ...{ accounts, identity, folder, peers, sight, signal, days, live, log, rows: noPoolRows },
    ...{ network: network.id, index: { chainId, rewardIndex: contracts.rewardIndex }, metrics: metrics.node },
    listen: { host: config.HASHSAND_PEER_HOST, port: config.HASHSAND_PEER_PORT },
  })
  const indices = manifest.indices.filter((index) => index.network === network.id)
  const context = { client, chainId, contracts, network: network.id, indices, days, sight, outbox, log }
  const prover = await openProver({
    ...{ client, rewardIndex: contracts.rewardIndex, network: network.id, source, days },
    ...{ sight, accounts, outbox, failed: metrics.provingFailed, log },
  })
  const plan = createPlan(log)
  const rounds = createRounds({
    work: () => work({ ...context, plan, nodes: nodes.all }),
    facts: () => ({
      network: { id: network.id, name: network.name, unit: network.unit, source: source.kind },
      ...{ live, nodes: accounts.map(({ address }) => address), peers: nodes.peers() },
      pendingTransactions: outbox?.pending() ?? 0,
      proving: prover.progress(),
    }),
  })
  const { registry } = metrics
  const unitWork = BigInt(network.unitWork)
  return {
    app: createApp({ status: rounds.status, days, unitWork, registry, log }),
    rounds: [() => rounds.run(metrics), ...prover.rounds],
    close: async () => {
      await nodes.close()
      await outbox?.close()
      await closeDays()
    },
  }
}

async function openSource({ config, network, view }: ServiceParameters, identity: string) {
  const kind = config.HASHSAND_SOURCE ?? network.source
  const seed = config.HASHSAND_SIMULATOR_SEED
  const bound = `${identity} from ${sourceIdentity(kind, { seed })}`
  const store = await openDayStore(join(config.HASHSAND_STATE_DIR, 'days'), bound)
  const { checkpoints, close } = store
  const source = createSource(kind, { data: config.HASHSAND_DATA, seed, checkpoints })
  return { source, days: openDays({ source, store, firstDay: view.firstDay }), close }
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
