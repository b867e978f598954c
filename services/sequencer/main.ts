import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from 'viem'
import { openDumpStore } from '../../chain/engine/anvil/dump.ts'
import { l2Generations } from '../../chain/engine/anvil/engine.ts'
import { networkIdentity } from '../../chain/identity.ts'
import { type Manifest, readManifest } from '../../chain/manifest.ts'
import { connectNode, connectNodes } from '../runtime/agreement/connect.ts'
import { readConfig } from '../runtime/config.ts'
import { openLevel } from '../runtime/database/store.ts'
import { armFailpoint } from '../runtime/failpoint.ts'
import { type Served, serve } from '../runtime/http.ts'
import { type KeyLock, lockKey } from '../runtime/keyLock.ts'
import { readKeys } from '../runtime/keys.ts'
import { createLog } from '../runtime/log.ts'
import { endWith, runMain } from '../runtime/main.ts'
import { stopSignal } from '../runtime/stop.ts'
import { openOutboxStore } from '../runtime/store.ts'
import { createApp } from './app.ts'
import { embeddedConfig, type SequencerConfig, sequencerConfig } from './config.ts'
import { closeCore, openCore, runCore } from './core.ts'
import { createFront } from './front.ts'
import { createRegistry } from './metrics.ts'
import { type Network, openNetwork } from './network.ts'
import { openSequencerStore } from './store.ts'

const log = createLog('sequencer', process.env.HASHSAND_LOG_LEVEL)

await runMain(log, async () => {
  const config = readConfig(sequencerConfig, process.env)
  armFailpoint(config.HASHSAND_FAILPOINT)
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const manifest = await readManifest(config.HASHSAND_MANIFEST)
  const embedded = embeddedConfig(config, manifest.engine)
  const keys = await readKeys<'sequencer' | 'proposer'>(
    config.HASHSAND_KEYS,
    embedded === undefined ? ['sequencer'] : ['sequencer', 'proposer'],
    { passwordFile: config.HASHSAND_KEYS_PASSWORD_FILE },
  )
  const folder = (name: string) => join(config.HASHSAND_STATE_DIR, name)

  const open = (path: string) => openLevel(path, (failure) => endWith(log, failure))
  const store = await openSequencerStore(folder('messages'), networkIdentity(manifest), open)
  const locks = await lockKeys(manifest, Object.values(keys), config.HASHSAND_STATE_DIR)
  const stores = new Map([['messages', store.copy]])
  const network = await openNetwork({
    manifest,
    store,
    dumps: embedded && openDumpStore({ dir: embedded.dumps, generations: l2Generations }),
    log,
    l1DurablePath: config.HASHSAND_L1_DURABLE,
    confirmations: BigInt(config.HASHSAND_L1_CONFIRMATIONS),
    reorgPolicyBlocks: config.HASHSAND_REORG_POLICY_BLOCKS,
    l1Nodes: connectNodes({
      urls: config.HASHSAND_L1_RPCS ?? [manifest.l1.rpcUrl],
      ...{ agree: config.HASHSAND_L1_AGREE, log },
    }),
    // The embedded node is ours alone: there is nobody to ask beside it.
    l2Nodes: connectNodes({
      urls: embedded === undefined ? (config.HASHSAND_L2_RPCS ?? [manifest.l2.rpcUrl]) : [embedded.nodeUrl],
      ...{ agree: embedded === undefined ? config.HASHSAND_L2_AGREE : undefined, log },
    }),
  })
  const core = await openCore({
    network,
    keys,
    openStore: async (role) => {
      const opened = await openOutboxStore(folder(role), open)
      stores.set(role, opened.copy)
      return opened
    },
    relays: config.HASHSAND_RELAY === 'on',
    maxGas: config.HASHSAND_RELAY_MAX_GAS,
    sweepLeast: config.HASHSAND_SWEEP_LEAST,
    replays: { l2: connectNode(manifest.l2.rpcUrl).client, wereMade: existsSync(folder('replays')) },
    log,
    signal,
  })
  const front = embedded && (await serveFront(network, config, embedded.nodeUrl))
  const app = createApp({
    shared: core.shared,
    registry: createRegistry(core.shared),
    backups: { folder: folder('backups'), stores },
  })
  const admin = await serve({ app, port: config.HASHSAND_PORT, purpose: 'the sequencer' })
  log.info({ l2: front?.url ?? manifest.l2.rpcUrl, admin: admin.url }, 'sequencer.listening')

  await runCore(core, {
    pollMs: config.HASHSAND_POLL_MS,
    readManifest: () => readManifest(config.HASHSAND_MANIFEST),
  }).finally(async () => {
    await Promise.all([front?.close(), admin.close(), closeCore(core)])
    await store.close()
    for (const lock of locks) await lock.release()
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

/** Replays go out on L2 with a key that sends on L1 too. */
async function lockKeys(
  { l1, l2 }: Manifest,
  keys: readonly { address: Address }[],
  folder: string,
): Promise<KeyLock[]> {
  const locks: KeyLock[] = []
  for (const { address } of keys) {
    for (const { chainId } of [l1, l2]) {
      locks.push(await lockKey({ address, chainId, holder: `the sequencer of ${folder}` }))
    }
  }
  return locks
}
