import type { Block } from '../block.ts'
import type { DayTotals } from '../dayTotals.ts'
import { BlockReplacedError } from '../errors.ts'
import type { BlockSource } from './blockSource.ts'
import { SourceBehindError } from './errors.ts'

/** The blocks after a closed day, once the source has shown that it still holds that day's last block. */
export async function* continueAfter<Read extends Block>(
  source: BlockSource<Read>,
  { lastHeight, lastHash }: Pick<DayTotals, 'lastHeight' | 'lastHash'>,
): AsyncGenerator<Read, void, undefined> {
  let joined = false
  for await (const block of source.blocks(lastHeight - 1)) {
    if (joined) yield block
    else if (block.height === lastHeight && block.hash === lastHash) joined = true
    else throw new BlockReplacedError(lastHeight, lastHash, block.hash)
  }
  if (joined) return
  // Recorded history does not grow: its block is gone. A chain that lives is behind for now.
  if (source.confirmations === 0) throw new BlockReplacedError(lastHeight, lastHash, undefined)
  throw new SourceBehindError(lastHeight, lastHash)
}
