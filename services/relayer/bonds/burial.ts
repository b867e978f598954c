import { concatHex, type Hash, type Hex, hexToBytes, toHex } from 'viem'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { encodeHeaders, type HeaderBlock, headerBatches } from '../../../oracle/proofs/headerBatches.ts'
import type { BlockSource, ProofSource } from '../../../oracle/sources/blockSource.ts'

/*
 * What an honest node shows if the chain later leaves the block that it signed: the headers of the day and of the blocks that lay on
 * it. After a reorganisation nobody else may have them any more, so they are kept when the day is closed.
 */

const confirmations = 6
/** A prover wants a checkpoint of the day or of one of these days before it. */
const daysBack = 7

/** The blocks of one day and those that bury it. */
export type Burial = { day: number; blocks: readonly KeptBlock[] }
type KeptBlock = { height: number; hash: Hash; medianTime: number; header: Hex }

/** Undefined where the source shows no headers, or its chain is never left; and for a day without a block of its own. */
export async function burialOf(
  source: BlockSource | ProofSource,
  { day, blocks: count, firstHeight, lastHeight, lastHash }: DayTotals,
): Promise<Burial | undefined> {
  if (!('proofOf' in source) || source.kind === 'simulator' || count === 0) return undefined
  const blocks: KeptBlock[] = []
  for await (const block of source.blocks(firstHeight - 1)) {
    const { height, hash, medianTime, header } = block
    if (height === lastHeight && hash !== lastHash) return undefined
    blocks.push({ height, hash, medianTime, header: toHex(header) })
    if (height === lastHeight + confirmations) break
  }
  return { day, blocks }
}

/** Proofs for `isBuried`, from the shortest to the longest: each starts at the end of an earlier day, should the nearer ones be left too. */
export async function burialProofs(
  kept: (day: number) => Promise<Burial | undefined>,
  day: number,
): Promise<Hex[]> {
  const proofs: Hex[] = []
  let blocks = (await kept(day))?.blocks ?? []
  for (let earlier = day - 1; blocks.length > 0; earlier--) {
    proofs.push(encodeBurial(blocks))
    if (earlier < day - daysBack) break
    const before = await kept(earlier)
    const first = blocks[0]
    const own = before?.blocks.filter(({ height }) => height < (first?.height ?? 0)) ?? []
    if (own.length === 0) break
    blocks = [...own, ...blocks]
  }
  return proofs
}

/** The block that the first one stands on, then each batch behind its number of blocks. */
function encodeBurial(blocks: readonly KeptBlock[]): Hex {
  const batches = headerBatches<HeaderBlock>(
    blocks.map((block) => ({ ...block, header: hexToBytes(block.header) })),
  )
  const parts = batches.flatMap((batch) => [toHex(batch.blocks.length, { size: 1 }), encodeHeaders(batch)])
  return concatHex([batches[0]?.parent ?? '0x', ...parts])
}
