import type { Hash } from 'viem'

/** What the index needs to know of one Bitcoin block. */
export type Block = {
  height: number
  /** As explorers and the RPC print it: the double SHA-256 of the header, reversed. */
  hash: Hash
  /** The header's own time, seconds. It may go backwards. */
  time: number
  /** Median of the times of this block and its ten predecessors, seconds. It never goes backwards. */
  medianTime: number
  /** What the coinbase claimed of the schedule, satoshi. */
  subsidy: bigint
  /** Coinbase outputs minus subsidy, satoshi. */
  fees: bigint
  target: bigint
}

export const secondsPerDay = 86_400

/** The UTC day number of a time in seconds. A block belongs to the day of its median time past. */
export function dayOf(seconds: number): number {
  return Math.floor(seconds / secondsPerDay)
}

/** 2021-04-22 for 18739. */
export function dayToDate(day: number): string {
  return new Date(day * secondsPerDay * 1_000).toISOString().slice(0, 10)
}
