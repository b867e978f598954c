import { type Hash, zeroHash } from 'viem'
import { opNode } from '../../chain/engine/opstack/rpc.ts'
import { hashAt, type Network } from './network.ts'

export type BlockId = { number: bigint; hash: Hash }

/** How far the replica has derived L2 from L1. */
export type Replica = {
  safe: BlockId & { timestamp: bigint }
  finalizedL2: bigint
  /** The L1 block that the safe head belongs to, and the one that derivation has come to. */
  origin: BlockId
  derived: BlockId
}

export async function readReplica({ node }: Pick<Network, 'node'>): Promise<Replica> {
  const status = await opNode(node, 'optimism_syncStatus', [])
  const { safe_l2: safe, finalized_l2: finalized, current_l1: current } = status
  return {
    safe: { ...blockId(safe), timestamp: BigInt(safe.timestamp) },
    finalizedL2: BigInt(finalized.number),
    origin: blockId(safe.l1origin),
    derived: blockId(current),
  }
}

/**
 * Whether the replica stands on the L1 that we see. After a reorganisation of L1 it goes on with the old one for a while, and its
 * roots are those of blocks that are gone. After its own start it has not begun yet and calls all it has derived zero.
 */
export async function isSettled({ l1 }: Pick<Network, 'l1'>, { derived, origin }: Replica): Promise<boolean> {
  if (derived.hash === zeroHash || origin.hash === zeroHash) return false
  const [derivedIs, originIs] = await Promise.all([hashAt(l1, derived.number), hashAt(l1, origin.number)])
  return derivedIs === derived.hash && originIs === origin.hash
}

function blockId({ number, hash }: { number: number; hash: Hash }): BlockId {
  return { number: BigInt(number), hash }
}
