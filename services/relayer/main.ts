import { createPublicClient } from 'viem'
import { readManifest } from '../../chain/manifest.ts'
import { readConfig } from '../runtime/config.ts'
import { serve } from '../runtime/http.ts'
import { readKeys } from '../runtime/keys.ts'
import { createLog } from '../runtime/log.ts'
import { loop } from '../runtime/loop.ts'
import { exitCode, runMain } from '../runtime/main.ts'
import { stopSignal } from '../runtime/stop.ts'
import { checkedTransport } from './checkedTransport.ts'
import { type RelayerConfig, relayerConfig } from './config.ts'
import { connect } from './connect.ts'
import { asText, examine, isFit } from './doctor/examine.ts'
import { networkOf } from './network.ts'
import { readPeers } from './peers/list.ts'
import { openService } from './service.ts'
import { checkSigners } from './signers.ts'

const everyMs = 300

const log = createLog('relayer', process.env.HASHSAND_LOG_LEVEL)

await (process.argv[2] === 'doctor' ? runDoctor() : runMain(log, runNode))

/** Prints what it found and ends with 0, or with 70 where something would keep the node from its work. */
async function runDoctor(): Promise<void> {
  const found = await examine(process.env, stopSignal())
  const text = process.argv.includes('--json')
    ? found.map((each) => JSON.stringify(each)).join('\n')
    : asText(found)
  process.stdout.write(`${text}\n`)
  process.exitCode = isFit(found) ? exitCode.ok : exitCode.failed
}

async function runNode(): Promise<void> {
  const config = readConfig(relayerConfig, process.env)
  const live = config.HASHSAND_LIVE === '1' || process.argv.includes('--live')
  const signal = stopSignal({ withParent: process.env.HASHSAND_LEASH === '1' })
  const manifest = await readManifest(config.HASHSAND_MANIFEST)
  const keys = await keysOf(config, live)
  const network = networkOf(manifest, config.HASHSAND_NETWORK)
  const contracts = { rewardIndex: config.HASHSAND_REWARD_INDEX, ledger: config.HASHSAND_LEDGER }
  const peers = config.HASHSAND_PEERS === undefined ? [] : await readPeers(config.HASHSAND_PEERS)

  const { chainId, genesisHash } = manifest.l2
  const url = config.HASHSAND_L2_RPC ?? manifest.l2.rpcUrl
  const client = createPublicClient({ transport: checkedTransport(url), cacheTime: 0 })
  const view = await connect(client, {
    url,
    chainId,
    genesisHash,
    contracts,
    network: network.id,
    log,
    signal,
  })
  if (view === undefined) return
  checkSigners(keys.accounts, view, { network: network.id, live, log })

  const joined = { config, live, manifest, network, contracts, peers, client, view, ...keys, log, signal }
  const service = await openService(joined)
  const served = await serve({ app: service.app, port: config.HASHSAND_PORT, purpose: 'the relayer' })
  log.info({ url: served.url, network: network.name, live }, 'relayer.listening')

  await Promise.all(service.rounds.map((step) => loop({ log, signal, everyMs, step })))
  await served.close()
  await service.close()
  log.info('relayer.stopped')
}

/** A process that only looks on needs no key to pay with. */
async function keysOf(config: RelayerConfig, live: boolean) {
  const { HASHSAND_SIGNER: signers, HASHSAND_PAYER: payer } = config
  const names = [...new Set([...signers, ...(live ? [payer] : [])])]
  const keys = await readKeys(config.HASHSAND_KEYS, names, {
    passwordFile: config.HASHSAND_KEYS_PASSWORD_FILE,
  })
  return { accounts: signers.map((name) => keys[name]), payer: live ? keys[payer] : undefined }
}
