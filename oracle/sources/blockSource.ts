import type { Hash } from 'viem'
import type { Block } from '../block.ts'
import type { BlockProof } from '../proofs/blockProof.ts'

/** Blocks on a day's last one before its totals count, at a source whose history can change; the relay wants as many. */
export const confirmations = 6

/** Where whole blocks come from. */
export type BlockSource<Read extends Block = Block> = {
  kind: 'replay' | 'simulator' | 'node' | 'mempool.space'
  /** Blocks that must lie on a day's closing block before its totals count; 0 where history cannot change. */
  confirmations: number
  /** Blocks above `height` in order; from the first one known when undefined. Ends where the source ends for now. */
  blocks(afterHeight?: number): AsyncIterable<Read>
  /** The last block known; undefined where the chain has no end. */
  tip(): Promise<{ height: number; hash: Hash } | undefined>
}

/** A source that sees enough of each block to prove its reward. */
export type ProofSource<Read extends BlockProof = BlockProof> = BlockSource<Read> & {
  /** The block at `height` of the chain that is best now. */
  proofOf(height: number): Promise<Read>
}

/** Whether days can be proven from what the source shows. */
export function showsProofs(source: BlockSource): source is ProofSource {
  return 'proofOf' in source
}
