import { concatHex, type Hash, type Hex, hexToBytes, toHex } from 'viem'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { parseHeader } from '../../../oracle/header.ts'
import { encodeHeaders, type HeaderBlock, headerBatches } from '../../../oracle/proofs/headerBatches.ts'
import {
  type BlockSource,
  confirmations,
  type ProofSource,
  showsProofs,
} from '../../../oracle/sources/blockSource.ts'
import type { BurialStore } from './store.ts'

/*
 * What an honest node shows if the chain later leaves the block that it signed: the headers of the day and of the blocks that lay on
 * it. After a reorganisation nobody else may have them any more, so they are kept when the day is closed.
 */

/** A prover wants a checkpoint of the day or of one of these days before it. */
const daysBack = 7

/** The blocks of one day, up to its last one, and those that bury it. */
export type Burial = { day: number; blockHash: Hash; blocks: readonly KeptBlock[] }
type KeptBlock = { height: number; hash: Hash; medianTime: number; header: Hex }

/** Undefined where the source shows no headers, or its chain is never left; and for a day without a block of its own. */
export async function burialOf(
  source: BlockSource | ProofSource,
  { day, blocks: count, firstHeight, lastHeight, lastHash }: DayTotals,
): Promise<Burial | undefined> {
  if (!showsProofs(source) || source.kind === 'simulator' || count === 0) return undefined
  const blocks: KeptBlock[] = []
  for await (const block of source.blocks(firstHeight - 1)) {
    const { height, hash, medianTime, header } = block
    if (height === lastHeight && hash !== lastHash) return undefined
    blocks.push({ height, hash, medianTime, header: toHex(header) })
    if (height === lastHeight + confirmations) break
  }
  return { day, blockHash: lastHash, blocks }
}

/** Proofs for `isBuried`, from the shortest to the longest: each starts at the end of an earlier day, should the nearer ones be left too. */
export async function burialProofs(kept: BurialStore['find'], day: number, blockHash: Hash): Promise<Hex[]> {
  const proofs: Hex[] = []
  let blocks = (await kept(day, blockHash))?.blocks ?? []
  for (let earlier = day - 1; blocks.length > 0; earlier--) {
    proofs.push(encodeBurial(blocks))
    if (earlier < day - daysBack) break
    const [first] = blocks
    if (first === undefined) break
    const before = await kept(earlier, parentOf(first))
    const own = before?.blocks.filter(({ height }) => height < first.height) ?? []
    if (own.length === 0) break
    blocks = [...own, ...blocks]
  }
  return proofs
}

const parentOf = ({ header }: KeptBlock): Hash => parseHeader(hexToBytes(header)).previousHash

/** The block that the first one stands on, then each batch behind its number of blocks. */
function encodeBurial(blocks: readonly KeptBlock[]): Hex {
  const batches = headerBatches<HeaderBlock>(
    blocks.map((block) => ({ ...block, header: hexToBytes(block.header) })),
  )
  const parts = batches.flatMap((batch) => [toHex(batch.blocks.length, { size: 1 }), encodeHeaders(batch)])
  return concatHex([batches[0]?.parent ?? '0x', ...parts])
}
