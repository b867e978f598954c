import { type Address, isAddressEqual } from 'viem'

/*
 * Everything here follows from the chain's clock, which all nodes read alike: a node whose own clock is wrong neither votes
 * early nor leaves its turn to nobody.
 */

/** `Clock` of `IRewardIndex`: the epoch at t is `firstEpoch + (t - start) / epochSeconds`. */
export type Clock = { firstEpoch: number; start: number; epochSeconds: number }

/** A round opens each quarter of an epoch. */
const roundsPerEpoch = 4
/** Two minutes of a real day; on a fast clock never less than a block and its transport take. */
const turnsPerEpoch = 720
const leastTurnSeconds = 2

/** The first second after a day. */
export function endOfDay({ firstEpoch, start, epochSeconds }: Clock, day: number): number {
  return start + (day + 1 - firstEpoch) * epochSeconds
}

/** `openRound` of `IRewardIndex`: the latest round of a day that is open at `time`; 0 while the day lasts. Earlier rounds stay open. */
export function openRound(clock: Clock, day: number, time: number): number {
  const since = time - endOfDay(clock, day)
  return since < 0 ? 0 : 1 + Math.floor((since * roundsPerEpoch) / clock.epochSeconds)
}

export type Turn = {
  /** Counted from the end of the day, on through its rounds. */
  attempt: number
  /** More than half of the turn is over: whoever leads has had the time to gather. */
  late: boolean
}

export const turnSeconds = ({ epochSeconds }: Clock): number =>
  Math.max(leastTurnSeconds, Math.floor(epochSeconds / turnsPerEpoch))

export function turnAt(clock: Clock, day: number, time: number): Turn {
  const since = Math.max(time - endOfDay(clock, day), 0)
  const seconds = turnSeconds(clock)
  return { attempt: Math.floor(since / seconds), late: since % seconds >= seconds / 2 }
}

/** Whose turn it is to propose. Undefined without signers. */
export function leaderOf(signers: readonly Address[], day: number, attempt: number): Address | undefined {
  return signers[(day + attempt) % signers.length]
}

export function leads(signers: readonly Address[], node: Address, day: number, attempt: number): boolean {
  const leader = leaderOf(signers, day, attempt)
  return leader !== undefined && isAddressEqual(leader, node)
}
