import { createPublicClient, http, BaseError as ViemError } from 'viem'
import { BaseError } from '../../../chain/errors.ts'
import { readManifest } from '../../../chain/manifest.ts'
import { readConfig } from '../../runtime/config.ts'
import { readKeys } from '../../runtime/keys.ts'
import type { NetworkView } from '../chain.ts'
import { type RelayerConfig, relayerConfig } from '../config.ts'
import { networkOf } from '../network.ts'
import { checkBond, checkChain, checkClock, checkPayer, checkSigner } from './chain.ts'
import { type Finding, fail, ok, type Patient } from './finding.ts'
import { checkDisk, checkJournal, checkListening, checkSource } from './host.ts'
import { checkPeers } from './peers.ts'

/** Looks at everything that a node needs, and changes nothing. What depends on something that failed is left out. */
export async function examine(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Finding[]> {
  const found: Finding[] = []
  const step = async <Value>(check: string, look: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await look()
    } catch (error) {
      // A failure of ours says its remedy itself; any other one is, here, what somebody else's program answers.
      const remedy =
        error instanceof BaseError
          ? 'Mend that, then look again.'
          : 'See whether what answers there runs, and is what it should be.'
      found.push(fail(check, shortOf(error), remedy))
      return undefined
    }
  }
  const collect = async (check: string, look: () => Promise<Finding[]>) => {
    found.push(...((await step(check, look)) ?? []))
  }

  const config = await step('settings', async () => readConfig(relayerConfig, env))
  if (config === undefined) return found
  found.push(
    ok('settings', `network ${config.HASHSAND_NETWORK}, ${config.HASHSAND_LIVE === '1' ? 'live' : 'dry'}`),
  )
  await collect('disk', () => checkDisk(config))
  const manifest = await step('manifest', () => readManifest(config.HASHSAND_MANIFEST))
  const network =
    manifest && (await step('manifest', async () => networkOf(manifest, config.HASHSAND_NETWORK)))
  const account = await step('key', () => keyOf(config))
  if (account !== undefined) found.push(ok('key', `${config.HASHSAND_SIGNER[0]} is ${account.address}`))
  if (manifest === undefined || network === undefined || account === undefined) return found
  found.push(ok('manifest', `${manifest.name}, network ${network.name}`))

  const url = config.HASHSAND_L2_RPC ?? manifest.l2.rpcUrl
  const client = createPublicClient({ transport: http(url, { retryCount: 0, timeout: 5_000 }), cacheTime: 0 })
  const patient: Patient = { config, manifest, network, account, client, signal }
  await collect('journal', () => checkJournal(patient))
  await collect('listening', () => checkListening(patient))
  const view = await step('chain', () => checkChain(patient, found))
  if (view !== undefined) await examineOnChain(patient, view, collect)
  return found
}

type Collect = (check: string, look: () => Promise<Finding[]>) => Promise<void>

async function examineOnChain(patient: Patient, view: NetworkView, collect: Collect): Promise<void> {
  await collect('clock', async () => checkClock(patient, view))
  await collect('signer', async () => checkSigner(patient, view))
  await collect('bond', () => checkBond(patient))
  await collect('payer', () => checkPayer(patient, view))
  await collect('source', () => checkSource(patient, view))
  await collect('peers', () => checkPeers(patient, view))
}

function shortOf(error: unknown): string {
  if (error instanceof ViemError) return error.shortMessage
  return error instanceof Error ? error.message : String(error)
}

async function keyOf({ HASHSAND_KEYS, HASHSAND_KEYS_PASSWORD_FILE, HASHSAND_SIGNER }: RelayerConfig) {
  const keys = await readKeys(HASHSAND_KEYS, HASHSAND_SIGNER, { passwordFile: HASHSAND_KEYS_PASSWORD_FILE })
  const [first] = HASHSAND_SIGNER.map((name) => keys[name])
  return first
}

export const isFit = (found: readonly Finding[]): boolean => found.every(({ state }) => state !== 'fail')

/** One line a look, the remedy under it. */
export function asText(found: readonly Finding[]): string {
  return found
    .map(({ check, state, detail, remedy }) => {
      const line = `${state.padEnd(4)}  ${check.padEnd(9)}  ${detail}`
      return remedy === undefined || state === 'ok' ? line : `${line}\n${' '.repeat(17)}→ ${remedy}`
    })
    .join('\n')
}
