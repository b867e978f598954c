import { type Client, createClient, type Hash, http } from 'viem'

const TIMEOUT_MS = 10_000

/** A client that asks once: who waits or retries decides it where it calls. */
export function rpc(url: string): Client {
  return createClient({ transport: http(url, { retryCount: 0, timeout: TIMEOUT_MS }), cacheTime: 0 })
}

type BlockId = { hash: Hash; number: number }
type L2BlockId = BlockId & { timestamp: number; l1origin: BlockId }

/** What the engine reads of op-node's `optimism_syncStatus`. */
export type SyncStatus = {
  head_l1: BlockId
  /** Up to where batches were looked for. */
  current_l1: BlockId
  unsafe_l2: L2BlockId
  safe_l2: L2BlockId
  finalized_l2: L2BlockId
}

type OpNodeMethods = {
  optimism_syncStatus: [[], SyncStatus]
  optimism_rollupConfig: [[], { block_time: number }]
  optimism_outputAtBlock: [[block: Hash], { outputRoot: Hash; syncStatus: SyncStatus }]
}

export function opNode<Method extends keyof OpNodeMethods>(
  client: Client,
  method: Method,
  params: OpNodeMethods[Method][0],
): Promise<OpNodeMethods[Method][1]> {
  // Safe: viem types the standard methods only; OpNodeMethods types those of op-node.
  const request = client.request as (args: { method: Method; params: unknown }) => Promise<unknown>
  return request({ method, params }) as Promise<OpNodeMethods[Method][1]>
}
