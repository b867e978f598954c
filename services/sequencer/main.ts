import { join } from 'node:path'
import { openDumpStore } from '../../chain/engine/anvil/dump.ts'
import { l2Generations } from '../../chain/engine/anvil/engine.ts'
import { readManifest } from '../../chain/manifest.ts'
import { readConfig } from '../runtime/config.ts'
import { serve } from '../runtime/http.ts'
import { readKeys } from '../runtime/keys.ts'
import { createLog } from '../runtime/log.ts'
import { loop } from '../runtime/loop.ts'
import { runMain } from '../runtime/main.ts'
import { openOutbox } from '../runtime/outbox.ts'
import { stopSignal } from '../runtime/stop.ts'
import { openOutboxStore } from '../runtime/store.ts'
import { createApp } from './app.ts'
import { sequencerConfig } from './config.ts'
import { derive, drainPool, fillToRoot, resume } from './derive.ts'
import { createFront } from './front.ts'
import { createRegistry } from './metrics.ts'
import { askingNodes, durableHead, networkIdentity, openNetwork } from './network.ts'
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
  const keys = await readKeys(config.HASHSAND_KEYS)
  const folder = (name: string) => join(config.HASHSAND_STATE_DIR, name)

  const store = await openSequencerStore(folder('messages'), networkIdentity(manifest))
  const network = await openNetwork({
    manifest,
    store,
    dumps: openDumpStore({ dir: config.HASHSAND_L2_DUMPS, generations: l2Generations }),
    log,
    l1DurablePath: config.HASHSAND_L1_DURABLE,
    l2NodeUrl: config.HASHSAND_L2_INTERNAL_RPC,
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
  const outboxes = { proposer: await openKey('proposer'), sequencer: await openKey('sequencer') }
  const withdrawer = createWithdrawer({
    network,
    outbox: outboxes.sequencer,
    relays: config.HASHSAND_RELAY === 'on',
  })
  const shared: Shared = { network, outboxes, lastRoot: undefined, supply: undefined }

  await resume(network)
  const front = await serve({
    app: createFront(network, config.HASHSAND_L2_INTERNAL_RPC),
    port: config.HASHSAND_L2_PORT,
    host: config.HASHSAND_L2_HOST,
    purpose: 'the L2 RPC',
  })
  const app = createApp({ shared, registry: createRegistry(shared) })
  const admin = await serve({ app, port: config.HASHSAND_PORT, purpose: 'the sequencer' })
  log.info({ l2: front.url, admin: admin.url }, 'sequencer.listening')

  const every = (everyMs: number, step: () => Promise<void>) =>
    loop({ log, signal, everyMs, step: () => askingNodes(step) })
  const poll = config.HASHSAND_POLL_MS
  await Promise.all([
    every(poll, async () => {
      await derive(network)
      await drainPool(network)
      await fillToRoot(network)
    }),
    every(poll * 2, async () => {
      while (!signal.aborted && (await proposeNext(network, outboxes.proposer))) {
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
    await Promise.all([front.close(), admin.close(), outboxes.proposer.close(), outboxes.sequencer.close()])
    await store.close()
  })
  log.info('sequencer.stopped')
})
