import { join } from 'node:path'
import type { PrivateKeyAccount } from 'viem'
import { readManifest } from '../../chain/manifest.ts'
import { readConfig } from '../runtime/config.ts'
import { serve } from '../runtime/http.ts'
import { readKeys } from '../runtime/keys.ts'
import { createLog } from '../runtime/log.ts'
import { loop } from '../runtime/loop.ts'
import { runMain } from '../runtime/main.ts'
import { stopSignal } from '../runtime/stop.ts'
import { createAlerts } from './alerts.ts'
import { createApp } from './app.ts'
import { type WatcherConfig, watcherConfig } from './config.ts'
import { openDeleter } from './deletion.ts'
import { createFollower } from './follow.ts'
import { createIncidents } from './incidents.ts'
import { createRegistry } from './metrics.ts'
import { awaitNetwork, openNetwork } from './network.ts'
import { createOwnRoots } from './roots.ts'
import { look, nothingSeen, type Watch } from './watch.ts'

const log = createLog('watcher', process.env.HASHSAND_LOG_LEVEL)

await runMain(log, async () => {
  const config = readConfig(watcherConfig, process.env)
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const manifest = await readManifest(config.HASHSAND_MANIFEST)
  const account = await challengerOf(config)
  const network = openNetwork(manifest, config)
  if (!(await awaitNetwork(network, { log, signal, challenger: account?.address }))) return

  const folder = join(config.HASHSAND_STATE_DIR, 'deletions')
  const incidents = createIncidents()
  const onDeleted = incidents.deleted
  const deleter = account && (await openDeleter({ network, account, folder, log, signal, onDeleted }))
  const watch: Watch = {
    network,
    follow: createFollower(network),
    roots: createOwnRoots(network),
    alerts: createAlerts(log),
    incidents,
    deleter,
    confirmations: BigInt(config.HASHSAND_L1_CONFIRMATIONS),
    log,
    seen: nothingSeen(),
  }
  const app = createApp({ watch, registry: createRegistry(watch) })
  const served = await serve({ app, port: config.HASHSAND_PORT, purpose: 'the watcher' })
  log.info({ url: served.url, deletes: deleter?.address ?? false }, 'watcher.listening')

  const everyMs = config.HASHSAND_POLL_MS ?? Math.min(1_000, manifest.l1.blockTimeSeconds * 1_000)
  await loop({ log, signal, everyMs, step: () => look(watch) }).finally(async () => {
    await served.close()
    await deleter?.close()
  })
  log.info('watcher.stopped')
})

async function challengerOf(config: WatcherConfig): Promise<PrivateKeyAccount | undefined> {
  const { HASHSAND_KEYS: path, HASHSAND_KEYS_PASSWORD_FILE: passwordFile } = config
  return path === undefined ? undefined : (await readKeys(path, ['challenger'], { passwordFile })).challenger
}
