import type { Hash } from 'viem'
import { type Block, dayOf } from './block.ts'
import {
  BlockSequenceError,
  DayStartUnknownError,
  MedianTimeBackwardsError,
  NoBlocksError,
} from './errors.ts'
import { workOf } from './target.ts'

/*
 * A miner can pay itself any fee for next to nothing. What settles is therefore each block's fees capped at three times
 * the larger of two lower medians: the day's own, and that of the closed day before it, so that a jump is followed and a
 * day of few blocks is not at the mercy of its own. Where both are 0 there is no cap.
 */

const capMultiple = 3n

/** A day without a block carries the totals of the closed day before it, whole: same value, same last block, blocks = 0. */
export type DayTotals = {
  day: number
  blocks: number
  firstHeight: number
  lastHeight: number
  lastHash: Hash
  work: bigint
  subsidy: bigint
  fees: bigint
  medianFee: bigint
  /** 0 means that nothing was capped. */
  feeCap: bigint
  cappedFees: bigint
}

/** Totals of one day from all its blocks, in the order of height. `previousMedianFee` is that of the closed day before it, if any. */
export function dayTotals(day: number, blocks: readonly Block[], previousMedianFee = 0n): DayTotals {
  const first = blocks[0]
  const last = blocks.at(-1)
  if (first === undefined || last === undefined) throw new NoBlocksError(`The total of day ${day}`)
  const fees = blocks.map((block) => block.fees)
  const medianFee = lowerMedian(fees)
  const feeCap = feeCapOf(medianFee, previousMedianFee)
  return {
    day,
    blocks: blocks.length,
    firstHeight: first.height,
    lastHeight: last.height,
    lastHash: last.hash,
    work: sum(blocks.map((block) => workOf(block.target))),
    subsidy: sum(blocks.map((block) => block.subsidy)),
    fees: sum(fees),
    medianFee,
    feeCap,
    cappedFees: sum(fees.map((fee) => cappedFee(fee, feeCap))),
  }
}

export type CompleteDaysParameters = {
  /** The first day wanted. What the source holds before it is passed over. */
  firstDay: number
  /** Resume after this day; `blocks` then begins with the block after its last one. */
  after?: DayTotals | undefined
}

/**
 * The days of a chain in order, none left out, each as soon as a block of a later day shows that it is complete.
 * Throws where the source has a gap or does not show where the first day begins.
 */
export async function* completeDays(
  blocks: AsyncIterable<Block> | Iterable<Block>,
  { firstDay, after }: CompleteDaysParameters,
): AsyncGenerator<DayTotals, void, undefined> {
  let totals = after
  let day = after === undefined ? firstDay : after.day + 1
  let open: Block[] = []
  let previous: Block | undefined

  for await (const block of blocks) {
    checkOrder(block, { previous, after, day })
    previous = block
    const blockDay = dayOf(block.medianTime)
    for (; day < blockDay; day++) {
      totals = closedDay(day, open, totals)
      yield totals
      open = []
    }
    if (blockDay === day) open.push(block)
  }
}

/** Blocks with at least `confirmations` blocks on top of them, so that what is computed from them stays. */
export async function* buried(
  blocks: AsyncIterable<Block> | Iterable<Block>,
  confirmations: number,
): AsyncGenerator<Block, void, undefined> {
  const young: Block[] = []
  for await (const block of blocks) {
    young.push(block)
    if (young.length <= confirmations) continue
    // Safe: more than `confirmations` >= 0 blocks are in the list.
    yield young.shift() as Block
  }
}

/** The middle value, or the lower of the two in the middle. */
export function lowerMedian(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const median = sorted[(sorted.length - 1) >> 1]
  if (median === undefined) throw new NoBlocksError('A median fee')
  return median
}

export function feeCapOf(ownMedian: bigint, previousMedian: bigint): bigint {
  return capMultiple * (ownMedian > previousMedian ? ownMedian : previousMedian)
}

export function cappedFee(fee: bigint, cap: bigint): bigint {
  return cap === 0n || fee < cap ? fee : cap
}

function closedDay(day: number, blocks: readonly Block[], previous: DayTotals | undefined): DayTotals {
  if (blocks.length > 0) return dayTotals(day, blocks, previous?.medianFee)
  if (previous === undefined) throw new NoBlocksError(`The first day, ${day},`)
  return { ...previous, day, blocks: 0, firstHeight: previous.lastHeight }
}

type Position = { previous: Block | undefined; after: DayTotals | undefined; day: number }

function checkOrder(block: Block, { previous, after, day }: Position): void {
  const last = previous?.height ?? after?.lastHeight
  if (last !== undefined && block.height !== last + 1) throw new BlockSequenceError(block.height, last + 1)
  if (last === undefined && dayOf(block.medianTime) >= day) throw new DayStartUnknownError(day, block.height)

  const least = previous?.medianTime ?? (after === undefined ? 0 : day * 86_400)
  if (block.medianTime < least) throw new MedianTimeBackwardsError(block.height, block.medianTime, least)
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}
