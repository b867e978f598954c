import type { Hash } from 'viem'
import type { Block } from '../block.ts'

/** Where whole blocks come from. */
export type BlockSource = {
  kind: 'replay' | 'simulator'
  /** Blocks that must lie on a day's closing block before its totals count; 0 where history cannot change. */
  confirmations: number
  /** Blocks above `height` in order; from the first one known when undefined. Ends where the source ends for now. */
  blocks(afterHeight?: number): AsyncIterable<Block>
  /** The last block known; undefined where the chain has no end. */
  tip(): Promise<{ height: number; hash: Hash } | undefined>
}
