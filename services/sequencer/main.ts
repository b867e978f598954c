import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Address, LocalAccount } from 'viem'
import { openDumpStore } from '../../chain/engine/anvil/dump.ts'
import { l2Generations } from '../../chain/engine/anvil/engine.ts'
import { networkIdentity } from '../../chain/identity.ts'
import { type Manifest, readManifest } from '../../chain/manifest.ts'
import { connectNode, connectNodes } from '../runtime/agreement/connect.ts'
import { readConfig } from '../runtime/config.ts'
import { checkRoom } from '../runtime/database/checkRoom.ts'
import { isDiskFull } from '../runtime/database/isDiskFull.ts'
import { watchStores } from '../runtime/database/watchStores.ts'
import { armFailpoint } from '../runtime/failpoint.ts'
import { lockKey } from '../runtime/keyLock.ts'
import { readKeys } from '../runtime/keys.ts'
import { createLog } from '../runtime/log.ts'
import { endWith, runMain } from '../runtime/main.ts'
import { outlastFullDisk } from '../runtime/outlastFullDisk.ts'
import { stopSignal } from '../runtime/stop.ts'
import { openOutboxStore } from '../runtime/store.ts'
import { type EmbeddedConfig, embeddedConfig, type SequencerConfig, sequencerConfig } from './config.ts'
import { closeCore, openCore, runCore } from './core.ts'
import { createDesk, type Desk } from './desk.ts'
import { createFront } from './front.ts'
import { openNetwork } from './network.ts'
import { openSequencerStore } from './store.ts'

const log = createLog('sequencer', process.env.HASHSAND_LOG_LEVEL)

await runMain(log, async () => {
  const config = readConfig(sequencerConfig, process.env)
  armFailpoint(config.HASHSAND_FAILPOINT)
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const { engine } = await readManifest(config.HASHSAND_MANIFEST)
  const embedded = embeddedConfig(config, engine)
  const keys = await readKeys<Role>(
    config.HASHSAND_KEYS,
    embedded === undefined ? ['sequencer'] : ['sequencer', 'proposer'],
    { passwordFile: config.HASHSAND_KEYS_PASSWORD_FILE },
  )
  const desk = createDesk({
    log,
    port: config.HASHSAND_PORT,
    frontPort: embedded && { port: config.HASHSAND_L2_PORT, host: config.HASHSAND_L2_HOST },
  })
  const folders = [config.HASHSAND_STATE_DIR, ...(embedded === undefined ? [] : [embedded.dumps])]
  const standAside = async (reason: string) => {
    desk.standAside(reason)
    await desk.listen()
  }
  await outlastFullDisk({ log, signal, checkRoom: () => checkRoom(folders), standAside }, async (begun) => {
    const closing: Closing = []
    try {
      await run({ config, embedded, keys, desk, signal, begun, closing })
    } finally {
      // The last one opened first. One that does not close must not leave the others open.
      for (const close of closing.reverse()) {
        await close().catch((err: unknown) => log.error({ err }, 'sequencer.close'))
      }
    }
  }).finally(desk.close)
  log.info('sequencer.stopped')
})

type Role = 'sequencer' | 'proposer'
type Closing = (() => Promise<void>)[]
type RunParts = {
  config: SequencerConfig
  embedded: EmbeddedConfig | undefined
  keys: Record<Role, LocalAccount>
  desk: Desk
  signal: AbortSignal
  begun: () => void
  /** Takes what has to be closed in the end, however it comes. */
  closing: Closing
}

/** One life of the service, from its stores on. It ends by the signal, or throws. */
async function run({ config, embedded, keys, desk, signal, begun, closing }: RunParts): Promise<void> {
  const manifest = await readManifest(config.HASHSAND_MANIFEST)
  const folder = (name: string) => join(config.HASHSAND_STATE_DIR, name)
  // Not when the loops have come to their end: what they have in mind may be ahead of what is stored.
  const { open, broken } = watchStores((failure) =>
    isDiskFull(failure) ? desk.standAside(failure.message) : endWith(log, failure),
  )
  const store = await openSequencerStore(folder('messages'), networkIdentity(manifest), open)
  closing.push(store.close)
  await lockKeys(manifest, { keys: Object.values(keys), folder: config.HASHSAND_STATE_DIR, closing })
  const stores = new Map([['messages', store.copy]])
  const network = await openNetwork({ manifest, store, log, ...connections(config, manifest, embedded) })
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
  closing.push(() => closeCore(core))
  desk.work({
    shared: core.shared,
    backups: { folder: folder('backups'), stores },
    front: embedded && createFront(network, embedded.nodeUrl),
  })
  const { front, admin } = await desk.listen()
  begun()
  log.info({ l2: front?.url ?? manifest.l2.rpcUrl, admin: admin.url }, 'sequencer.listening')

  await runCore(core, {
    pollMs: config.HASHSAND_POLL_MS,
    readManifest: () => readManifest(config.HASHSAND_MANIFEST),
    broken,
  })
}

function connections(config: SequencerConfig, manifest: Manifest, embedded: EmbeddedConfig | undefined) {
  return {
    dumps: embedded && openDumpStore({ dir: embedded.dumps, generations: l2Generations }),
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
  }
}

type LockParts = { keys: readonly { address: Address }[]; folder: string; closing: Closing }

/** Replays go out on L2 with a key that sends on L1 too. */
async function lockKeys({ l1, l2 }: Manifest, { keys, folder, closing }: LockParts): Promise<void> {
  for (const { address } of keys) {
    for (const { chainId } of [l1, l2]) {
      closing.push((await lockKey({ address, chainId, holder: `the sequencer of ${folder}` })).release)
    }
  }
}
