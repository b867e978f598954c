import { join } from 'node:path'
import { openDumpStore } from '../../chain/engine/anvil/dump.ts'
import { l2Generations } from '../../chain/engine/anvil/engine.ts'
import { readManifest } from '../../chain/manifest.ts'
import { readConfig } from '../runtime/config.ts'
import { type Served, serve } from '../runtime/http.ts'
import { readKeys } from '../runtime/keys.ts'
import { createLog } from '../runtime/log.ts'
import { loop } from '../runtime/loop.ts'
import { runMain } from '../runtime/main.ts'
import { openOutbox } from '../runtime/outbox.ts'
import { stopSignal } from '../runtime/stop.ts'
import { openOutboxStore } from '../runtime/store.ts'
import { createApp } from './app.ts'
import { observe } from './blocks.ts'
import { embeddedConfig, type SequencerConfig, sequencerConfig } from './config.ts'
import { derive, drainPool, fillToRoot, resume } from './derive.ts'
import { createFront } from './front.ts'
import { createRegistry } from './metrics.ts'
import { askingNodes, durableHead, type Network, networkIdentity, openNetwork } from './network.ts'
import { proposeNext, readLastRoot } from './propose.ts'
import type { Shared } from './status.ts'
import { openSequencerStore } from './store.ts'
import { watchSupply } from './supply.ts'
import { advanceMessages, createWithdrawer } from './withdraw.ts'

const log = createLog('sequencer', process.env.HASHSAND_LOG_LEVEL)

await runMain(log, async () => {
  const config = readConfig(sequencerConfig, process.env)
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const manifest = await readManifest(config.HASHSAND_MANIFEST)
  const embedded = embeddedConfig(config, manifest.engine)
  const keys = await readKeys<'sequencer' | 'proposer'>(
    config.HASHSAND_KEYS,
    embedded === undefined ? ['sequencer'] : ['sequencer', 'proposer'],
    { passwordFile: config.HASHSAND_KEYS_PASSWORD_FILE },
  )
  const folder = (name: string) => join(config.HASHSAND_STATE_DIR, name)

  const store = await openSequencerStore(folder('messages'), networkIdentity(manifest))
  const network = await openNetwork({
    manifest,
    store,
    dumps: embedded && openDumpStore({ dir: embedded.dumps, generations: l2Generations }),
    log,
    l1DurablePath: config.HASHSAND_L1_DURABLE,
    confirmations: BigInt(config.HASHSAND_L1_CONFIRMATIONS),
    l2NodeUrl: embedded?.nodeUrl ?? manifest.l2.rpcUrl,
  })
  const openKey = async (role: 'proposer' | 'sequencer') =>
    openOutbox({
      client: network.l1,
      account: keys[role],
      store: await openOutboxStore(folder(role)),
      log,
      signal,
      safeHead: async () => (await durableHead(network))?.number ?? 0n,
    })
  const outboxes = {
    sequencer: await openKey('sequencer'),
    // On the real engine op-proposer sends with that key.
    ...(embedded && { proposer: await openKey('proposer') }),
  }
  const withdrawer = createWithdrawer({
    network,
    outbox: outboxes.sequencer,
    relays: config.HASHSAND_RELAY === 'on',
  })
  const shared: Shared = { network, outboxes, lastRoot: undefined, supply: undefined }

  if (embedded !== undefined) await resume(network)
  const front = embedded && (await serveFront(network, config, embedded.nodeUrl))
  const app = createApp({ shared, registry: createRegistry(shared) })
  const admin = await serve({ app, port: config.HASHSAND_PORT, purpose: 'the sequencer' })
  log.info({ l2: front?.url ?? manifest.l2.rpcUrl, admin: admin.url }, 'sequencer.listening')

  const every = (everyMs: number, step: () => Promise<void>) =>
    loop({ log, signal, everyMs, step: () => askingNodes(step) })
  const poll = config.HASHSAND_POLL_MS
  await Promise.all([
    every(poll, () => (embedded === undefined ? observe(network) : build(network))),
    every(poll * 2, async () => {
      while (!signal.aborted && outboxes.proposer && (await proposeNext(network, outboxes.proposer))) {
        shared.lastRoot = await readLastRoot(network)
      }
    }),
    every(poll * 2, () => advanceMessages(withdrawer)),
    every(poll * 5, async () => {
      network.manifest = await readManifest(config.HASHSAND_MANIFEST)
      shared.lastRoot = await readLastRoot(network)
      shared.supply = (await watchSupply(network)) ?? shared.supply
    }),
  ]).finally(async () => {
    await Promise.all([front?.close(), admin.close(), outboxes.proposer?.close(), outboxes.sequencer.close()])
    await store.close()
  })
  log.info('sequencer.stopped')
})

function serveFront(network: Network, config: SequencerConfig, nodeUrl: string): Promise<Served> {
  return serve({
    app: createFront(network, nodeUrl),
    port: config.HASHSAND_L2_PORT,
    host: config.HASHSAND_L2_HOST,
    purpose: 'the L2 RPC',
  })
}

/** One step of the embedded chain: L1's deposits, users' transactions, and blocks up to a root that is waited for. */
async function build(network: Network): Promise<void> {
  await derive(network)
  await drainPool(network)
  await fillToRoot(network)
}
