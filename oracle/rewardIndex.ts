import { secondsPerDay } from './block.ts'
import type { DayTotals } from './dayTotals.ts'
import { RewardIndexRangeError } from './errors.ts'

/*
 * What one unit of hashrate earns in a day: reward / work is satoshi per hash, and a unit makes unitHashes * 86,400
 * hashes a day. Work comes from the targets, not from an estimate of the hashrate, so the luck of the day cancels out.
 */

const scale = 10n ** 18n

/** Satoshi * 1e18 per unit and day, each component floored. */
export type RewardIndex = { subsidy: bigint; fees: bigint; cappedFees: bigint }

export type RewardParameters = { work: bigint; unitHashes: bigint }

export function rewardPerUnitDown(reward: bigint, { work, unitHashes }: RewardParameters): bigint {
  if (work <= 0n || unitHashes <= 0n) throw new RewardIndexRangeError(work, unitHashes)
  return (reward * BigInt(secondsPerDay) * unitHashes * scale) / work
}

/** The index of a day. Subsidy and capped fees settle; the raw fees are published beside them. */
export function rewardIndex(totals: DayTotals, unitHashes: bigint): RewardIndex {
  const parameters = { work: totals.work, unitHashes }
  return {
    subsidy: rewardPerUnitDown(totals.subsidy, parameters),
    fees: rewardPerUnitDown(totals.fees, parameters),
    cappedFees: rewardPerUnitDown(totals.cappedFees, parameters),
  }
}
