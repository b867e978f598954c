import { createPublicClient, http, type PublicClient } from 'viem'
import { checkIdentity, checkL1Identity } from '../../../chain/identity.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { bad, type Finding, ok, warn } from './finding.ts'

export type Nodes = { l1: readonly string[]; l2: readonly string[] }
export type Clients = { l1: PublicClient; l2: PublicClient }

/** Blocks below the head at which nodes of one chain have to agree. */
const settledBlocks = 4n
/** Seconds by which this machine and a fresh block may differ. */
const skewSeconds = 60

export const connect = (url: string): PublicClient =>
  createPublicClient({ transport: http(url, { retryCount: 0, timeout: 5_000 }), cacheTime: 0 })

/** Each node by itself: whether it answers, is of the right chain, and up to date. */
export async function checkNode(side: 'L1' | 'L2', url: string, manifest: Manifest): Promise<Finding[]> {
  const check = `${side} node`
  const name = new URL(url).host
  const client = connect(url)
  const { chainId } = side === 'L1' ? manifest.l1 : manifest.l2
  const given = await client.getChainId()
  if (given !== chainId) {
    return [
      bad(check, `${name} is of chain ${given}, expected ${chainId}`, 'Name a node of the right chain.'),
    ]
  }
  if (side === 'L1') await checkL1Identity(client, manifest)
  const [block, syncing, version] = await Promise.all([
    client.getBlock(),
    isSyncing(client),
    client.request({ method: 'web3_clientVersion' }).catch(() => 'a client that does not say which'),
  ])
  const detail = `${name}: block ${block.number}, ${version}`
  if (syncing) return [bad(check, `${detail}, still syncing`, 'Wait until it is level.')]
  return [ok(check, detail)]
}

/** viem's types leave the method out. A node that does not know it syncs nothing. */
async function isSyncing(client: PublicClient): Promise<boolean> {
  // Safe: viem sends any method as it is.
  const send = client.request as unknown as (call: { method: string }) => Promise<unknown>
  return (await send({ method: 'eth_syncing' }).catch(() => false)) !== false
}

/** What the two chains know of each other. */
export async function checkPair({ l1, l2 }: Clients, manifest: Manifest): Promise<Finding[]> {
  await checkIdentity({ l1, l2 }, manifest)
  return [ok('identity', `${manifest.name}: both chains are those of the manifest`)]
}

/** Nodes of one chain show one block at a height that all of them have. */
export async function checkAgreement(side: 'L1' | 'L2', urls: readonly string[]): Promise<Finding[]> {
  const check = `${side} agreement`
  if (urls.length === 1) {
    if (side === 'L2') return []
    const detail = 'one node is trusted alone'
    return [
      warn(check, detail, 'Name several with --l1 or HASHSAND_L1_RPCS: what one leaves out, nobody sees.'),
    ]
  }
  const clients = urls.map(connect)
  const heads = await Promise.all(clients.map((client) => client.getBlockNumber()))
  const [lowest = 0n] = heads.toSorted((a, b) => (a < b ? -1 : 1))
  const blockNumber = lowest > settledBlocks ? lowest - settledBlocks : 0n
  const hashes = await Promise.all(
    clients.map(async (client) => (await client.getBlock({ blockNumber })).hash),
  )
  if (new Set(hashes).size === 1) return [ok(check, `${urls.length} nodes show one block ${blockNumber}`)]
  const shown = urls.map((url, at) => `${new URL(url).host} ${hashes[at]}`).join(', ')
  return [
    bad(check, `block ${blockNumber}: ${shown}`, 'Find out which of them lies or lags, and take it off.'),
  ]
}

/** Nothing goes by this machine's clock but logs and certificates; so old blocks mean a chain or a node that stands. */
export async function checkClock(
  { l1 }: Clients,
  { l1: { blockTimeSeconds } }: Manifest,
): Promise<Finding[]> {
  const { timestamp } = await l1.getBlock()
  const skew = Math.round(Date.now() / 1_000) - Number(timestamp)
  if (Math.abs(skew) <= skewSeconds + 2 * blockTimeSeconds)
    return [ok('clock', `${skew} s from L1's newest block`)]
  const detail = `this machine is ${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} L1's newest block`
  return [warn('clock', detail, 'Set the clock by NTP; if it is right, L1 or its node stands.')]
}
