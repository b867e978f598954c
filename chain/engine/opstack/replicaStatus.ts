import { getBlock } from 'viem/actions'
import type { ReplicaUrls } from './replica.ts'
import { opNode, rpc } from './rpc.ts'

type L1Position = { number: number; timestamp: number }
type L2Position = { number: number; timestamp: number }

export type ReplicaStatus = {
  l1: { head: L1Position; position: number }
  l2: { head: L2Position; unsafe: L2Position; safe: L2Position; finalized: L2Position }
  behind: {
    /** From its newest safe block to L1's newest block. */
    seconds: number
    /** The same to the clock of this machine: more, where L1 itself stands still or is not synced. */
    clockSeconds: number
    l2Blocks: number
    /** L1 blocks that it has still to read. */
    l1Blocks: number
  }
}

/** How far a replica is, by L1's word and by its own. Rejects with viem's error while one of the three does not answer. */
export async function replicaStatus({ l1RpcUrl, l2RpcUrl, nodeRpcUrl }: ReplicaUrls): Promise<ReplicaStatus> {
  const node = rpc(nodeRpcUrl)
  const [l1Head, l2Head, sync, { block_time }] = await Promise.all([
    getBlock(rpc(l1RpcUrl)),
    getBlock(rpc(l2RpcUrl)),
    opNode(node, 'optimism_syncStatus', []),
    opNode(node, 'optimism_rollupConfig', []),
  ])
  const position = ({ number, timestamp }: L2Position) => ({ number, timestamp })
  const numbers = ({ number, timestamp }: { number: bigint; timestamp: bigint }) => ({
    number: Number(number),
    timestamp: Number(timestamp),
  })
  return statusOf({
    l1: { head: numbers(l1Head), position: sync.current_l1.number },
    l2: {
      head: numbers(l2Head),
      unsafe: position(sync.unsafe_l2),
      safe: position(sync.safe_l2),
      finalized: position(sync.finalized_l2),
    },
    blockTimeSeconds: block_time,
    nowSeconds: Math.floor(Date.now() / 1_000),
  })
}

/** What follows from what was seen. A clock of this machine that is slow makes nothing negative. */
export function statusOf({
  l1,
  l2,
  blockTimeSeconds,
  nowSeconds,
}: Pick<ReplicaStatus, 'l1' | 'l2'> & { blockTimeSeconds: number; nowSeconds: number }): ReplicaStatus {
  const seconds = Math.max(0, l1.head.timestamp - l2.safe.timestamp)
  return {
    l1,
    l2,
    behind: {
      seconds,
      clockSeconds: Math.max(0, nowSeconds - l2.safe.timestamp),
      l2Blocks: Math.floor(seconds / blockTimeSeconds),
      l1Blocks: Math.max(0, l1.head.number - l1.position),
    },
  }
}
