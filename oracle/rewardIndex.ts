import type { DayTotals } from './dayTotals.ts'
import { RewardIndexRangeError } from './errors.ts'

/*
 * What one unit of hashrate earns in a day: reward / work is satoshi per hash, and a unit makes unitWork hashes
 * a day. Work comes from the targets, not from an estimate of the hashrate, so the luck of the day cancels out.
 */

const scale = 10n ** 18n

/** Satoshi * 1e18 per unit and day, each component floored. */
export type RewardIndex = { subsidy: bigint; fees: bigint; cappedFees: bigint }

export type RewardParameters = { work: bigint; unitWork: bigint }

export function rewardPerUnitDown(reward: bigint, { work, unitWork }: RewardParameters): bigint {
  if (work <= 0n || unitWork <= 0n) throw new RewardIndexRangeError(work, unitWork)
  return (reward * unitWork * scale) / work
}

/** The index of a day. Subsidy and capped fees settle; the raw fees are published beside them. */
export function rewardIndex(totals: DayTotals, unitWork: bigint): RewardIndex {
  const parameters = { work: totals.work, unitWork }
  return {
    subsidy: rewardPerUnitDown(totals.subsidy, parameters),
    fees: rewardPerUnitDown(totals.fees, parameters),
    cappedFees: rewardPerUnitDown(totals.cappedFees, parameters),
  }
}
