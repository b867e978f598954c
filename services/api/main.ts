import { once } from 'node:events'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { readManifest } from '../../chain/manifest.ts'
import { readConfig } from '../runtime/config.ts'
import { serve } from '../runtime/http.ts'
import { createLog } from '../runtime/log.ts'
import { runMain } from '../runtime/main.ts'
import { stopSignal } from '../runtime/stop.ts'
import { createApp } from './app.ts'
import { apiConfig } from './config.ts'

const log = createLog('api', process.env.HASHSAND_LOG_LEVEL)

await runMain(log, async () => {
  const config = readConfig(apiConfig, process.env)
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const manifest = await readManifest(config.HASHSAND_MANIFEST)

  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const app = createApp({ manifest, registry, log })
  const served = await serve({
    app,
    port: config.HASHSAND_PORT,
    host: config.HASHSAND_HOST,
    purpose: 'the api',
  })
  log.info({ url: served.url }, 'api.listening')

  if (!signal.aborted) await once(signal, 'abort')
  await served.close()
  log.info('api.stopped')
})
