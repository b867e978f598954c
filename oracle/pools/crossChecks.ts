import { lowerMedian } from '../dayTotals.ts'
import {
  CreditedAboveIndexError,
  NoPoolRowsError,
  PoolRowIncompleteError,
  PoolTotalAboveBlocksError,
} from './errors.ts'
import type { PoolRow } from './poolRow.ts'

/*
 * What a pool says of itself is bounded by what blocks prove. An index is satoshi * 1e18 per PH/s and day, as the row's
 * rewardPerUnit is.
 */

const unit = 10n ** 15n * 10n ** 18n

/** Two percent above the index: what fees and luck of a pool's own formula may add. Floored. */
export function creditLimitDown(hashrate: bigint, index: bigint): bigint {
  return (hashrate * index * 102n) / (unit * 100n)
}

/** Refuses a row that credits more than its hashrate can have earned by the index of its day. */
export function checkCredited(row: PoolRow, index: bigint): void {
  const { pool, day, hashrate, reward } = row
  if (hashrate === undefined) throw new PoolRowIncompleteError(pool, day, 'hashrate')
  if (reward === undefined) throw new PoolRowIncompleteError(pool, day, 'reward')
  const limit = creditLimitDown(hashrate, index)
  if (reward > limit) throw new CreditedAboveIndexError(pool, reward, limit)
}

export type PoolWeek = {
  pool: string
  /** Satoshi that the whole pool credited in seven days. */
  credited: bigint
  /** Its blocks among the proven ones of these days. */
  blocks: number
  /** Satoshi of a block, averaged over these days; above 0. */
  blockReward: bigint
}

/**
 * Refuses a pool that credits more than its blocks bear out. Credits of `credited / blockReward` blocks let a pool expect as
 * many, with a standard deviation of their square root; it may have found four of those fewer. The deviation is that of the
 * expectation, not of the count, so that a small pool that found none is no liar for it.
 */
export function checkPoolTotal({ pool, credited, blocks, blockReward }: PoolWeek): void {
  const excess = credited - BigInt(blocks) * blockReward
  if (excess > 0n && excess * excess > 16n * credited * blockReward) {
    throw new PoolTotalAboveBlocksError(pool, credited, blocks)
  }
}

/** Whether two reporters saw the same: within half a percent of the smaller value, or both without one. */
export function agree(one: bigint | undefined, other: bigint | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  const [low, high] = one < other ? [one, other] : [other, one]
  return (high - low) * 200n <= low
}

export function rowsAgree(one: PoolRow, other: PoolRow): boolean {
  return (
    one.pool === other.pool &&
    one.day === other.day &&
    one.scheme === other.scheme &&
    agree(one.hashrate, other.hashrate) &&
    agree(one.reward, other.reward)
  )
}

/** The value of a network that is the median of the pools: the lower one over the rows that have a reward per unit. */
export function medianOfPools(rows: readonly PoolRow[]): bigint {
  const values = rows.flatMap(({ rewardPerUnit }) => rewardPerUnit ?? [])
  if (values.length === 0) throw new NoPoolRowsError(rows[0]?.day)
  return lowerMedian(values)
}
