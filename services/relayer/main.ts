import { join } from 'node:path'
import { createPublicClient, http } from 'viem'
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
import { relayerConfig } from './config.ts'
import { connect } from './connect.ts'
import { openDays } from './days.ts'
import { createMetrics } from './metrics.ts'
import { networkOf, storeIdentity } from './network.ts'
import { createRounds } from './rounds.ts'
import { createSource } from './source.ts'
import { openRelayerStore } from './store.ts'
import { work } from './work.ts'

const everyMs = 300

const log = createLog('relayer', process.env.HASHSAND_LOG_LEVEL)

await runMain(log, async () => {
  const config = readConfig(relayerConfig, process.env)
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const manifest = await readManifest(config.HASHSAND_MANIFEST)
  const keys = await readKeys(config.HASHSAND_KEYS, ['relayer', 'oracle0', 'oracle1', 'oracle2', 'oracle3'], {
    passwordFile: config.HASHSAND_KEYS_PASSWORD_FILE,
  })
  const network = networkOf(manifest, config.HASHSAND_NETWORK)
  const contracts = { rewardIndex: config.HASHSAND_REWARD_INDEX, ledger: config.HASHSAND_LEDGER }

  const { rpcUrl, chainId, genesisHash } = manifest.l2
  const client = createPublicClient({ transport: http(rpcUrl, { batch: true }), cacheTime: 0 })
  const chain = { url: rpcUrl, chainId, genesisHash, contracts, network: network.id }
  const view = await connect(client, { ...chain, log, signal })
  if (view === undefined) return

  const folder = config.HASHSAND_STATE_DIR
  const seed = config.HASHSAND_SIMULATOR_SEED
  const identity = storeIdentity({ manifest, network, contracts, seed })
  const store = await openRelayerStore(join(folder, 'days'), identity)
  const { checkpoints } = store
  const source = createSource({ kind: network.source, data: config.HASHSAND_DATA, seed, checkpoints })
  const days = openDays({ source, store, firstDay: view.firstDay })
  const outboxStore = await openOutboxStore(join(folder, 'outbox'))
  const outbox = await openOutbox({ client, account: keys.relayer, store: outboxStore, log, signal })

  const accounts = [keys.oracle0, keys.oracle1, keys.oracle2, keys.oracle3]
  const indices = manifest.indices.filter((index) => index.network === network.id)
  const context = { client, chainId, contracts, network: network.id, indices, accounts }
  const rounds = createRounds({
    network,
    work: () => work({ ...context, days, store, outbox, log }),
    pendingTransactions: () => outbox.pending(),
  })
  const metrics = createMetrics(rounds.status)
  const { registry } = metrics
  const unitWork = BigInt(network.unitWork)
  const app = createApp({ status: rounds.status, days, unitWork, registry, log })
  const served = await serve({ app, port: config.HASHSAND_PORT, purpose: 'the relayer' })
  log.info({ url: served.url, network: network.name, source: source.kind }, 'relayer.listening')

  await loop({ log, signal, everyMs, step: () => rounds.run(metrics) })
  await served.close()
  await outbox.close()
  await store.close()
  log.info('relayer.stopped')
})
