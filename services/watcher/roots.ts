import type { Hash } from 'viem'
import { readOwnOutput } from '../../bridge/outputs.ts'
import { SplitReplicaError } from './errors.ts'
import { hashAt, type Network } from './network.ts'
import type { Replica } from './replica.ts'

/** Enough to keep the node busy, few enough to lose little when it goes away. */
const AT_ONCE = 100

export type OwnRoots = {
  /** Undefined where it was not computed. */
  of(l2Block: bigint): Hash | undefined
  /** Computes the roots of these blocks, all at or below the replica's safe head. */
  compute(l2Blocks: readonly bigint[], replica: Replica): Promise<void>
  /** L1 was reorganised: blocks that were not final may be others now. */
  forget(): void
  keepFrom(l2Block: bigint): void
}

/** The replica's roots, each computed once. */
export function createOwnRoots({ l2 }: Pick<Network, 'l2'>): OwnRoots {
  const roots = new Map<bigint, { root: Hash; isFinal: boolean }>()
  return {
    of: (l2Block) => roots.get(l2Block)?.root,
    compute: async (l2Blocks, { safe, finalizedL2 }) => {
      const missing = l2Blocks.filter((l2Block) => !roots.has(l2Block))
      for (let first = 0; first < missing.length; first += AT_ONCE) {
        const chunk = missing.slice(first, first + AT_ONCE)
        const outputs = await Promise.all(chunk.map((l2Block) => readOwnOutput(l2, l2Block)))
        // Asked after the roots: they count only if the chain that they are of is the one that op-node calls safe.
        const hash = await hashAt(l2, safe.number)
        if (hash !== safe.hash) throw new SplitReplicaError(safe.number, safe.hash, hash)
        for (const [position, l2Block] of chunk.entries()) {
          const root = outputs[position]?.root
          if (root !== undefined) roots.set(l2Block, { root, isFinal: l2Block <= finalizedL2 })
        }
      }
    },
    forget: () => {
      for (const [l2Block, { isFinal }] of roots) if (!isFinal) roots.delete(l2Block)
    },
    keepFrom: (oldest) => {
      for (const l2Block of roots.keys()) if (l2Block < oldest) roots.delete(l2Block)
    },
  }
}
