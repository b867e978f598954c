import { type Block, dayOf } from '../block.ts'
import { type BlockSource, type ProofSource, showsProofs } from './blockSource.ts'
import { NoBlockAtHeightError } from './errors.ts'

/**
 * The blocks of a source from the last one before `day` on. A chain that can be asked for any block is searched for it, from its tip
 * down, since the day is mostly near; what else there is begins with its first block.
 */
export async function* fromDay(
  source: BlockSource | ProofSource,
  day: number,
): AsyncGenerator<Block, void, undefined> {
  if (!showsProofs(source)) return yield* source.blocks()
  const tip = await source.tip()
  if (tip === undefined) return yield* source.blocks()
  const isBefore = async (height: number) => (await dayAt(source, height)) < day

  let before = tip.height
  let after = tip.height + 1
  for (let step = 1; before > 0 && !(await isBefore(before)); step *= 2) {
    after = before
    before = Math.max(before - step, 0)
  }
  while (after - before > 1) {
    const middle = before + Math.floor((after - before) / 2)
    if (await isBefore(middle)) before = middle
    else after = middle
  }
  yield* source.blocks((await dayAt(source, before)) === beforeTheChain ? before : before - 1)
}

const beforeTheChain = -1

async function dayAt(source: ProofSource, height: number): Promise<number> {
  try {
    return dayOf((await source.proofOf(height)).medianTime)
  } catch (error) {
    if (error instanceof NoBlockAtHeightError) return beforeTheChain
    throw error
  }
}
