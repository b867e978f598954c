import { ReorganisationTooDeepError } from './errors.ts'
import { alert, hashAt, l1HashAt, type Network } from './network.ts'
import type { L1Header, L2Header } from './records.ts'

/*
 * How much L1 may take back of what L2 stands on before somebody has to look at it. Where this service makes L2's blocks, it takes none of them back;
 * where others do, it no longer follows them. Depths are counted in L1 blocks whose deposits L2 has executed.
 */

/** Throws ReorganisationTooDeepError beyond the operator's policy, after an alert. */
export function checkDepth(network: Network, depth: bigint): void {
  const { reorgPolicyBlocks: policy } = network
  if (depth <= policy) return
  const error = new ReorganisationTooDeepError(depth, policy)
  alert(network, 'reorganisation', error.message)
  throw error
}

/**
 * The same for an L2 of others, which has left `newest`. It may give up blocks for reasons of its own, such as batches that came too late: only what L1
 * has taken back counts, and where the node of L1 is not that far nothing can be said.
 */
export async function checkOrigins(network: Network, newest: L2Header): Promise<void> {
  const { number, hash } = await network.l1.getBlock()
  if (number < newest.origin.number) return
  const target = await lastCanonical(network, { number, hash })
  checkDepth(network, newest.origin.number - target.origin.number)
}

/** The newest L2 block in the store whose origin is on L1 as it is now. */
export async function lastCanonical(network: Network, head: L1Header): Promise<L2Header> {
  const checked = new Map<bigint, boolean>()
  for await (const header of network.store.l2HeadersDown()) {
    const { number, hash } = header.origin
    if (number > head.number) continue
    const canonical = checked.get(number) ?? (await l1HashAt(network, number)) === hash
    checked.set(number, canonical)
    if (canonical) return header
  }
  const genesis = genesisHeader(network)
  return { ...genesis, hash: (await hashAt(network.l2, 0n)) ?? genesis.hash }
}

export function genesisHeader({ manifest }: Pick<Network, 'manifest'>): L2Header {
  const { startBlock } = manifest.l1
  const origin = { number: BigInt(startBlock.number), hash: startBlock.hash }
  return { number: 0n, hash: manifest.l2.genesisHash, origin, minted: 0n }
}
