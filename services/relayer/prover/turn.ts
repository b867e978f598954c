import type { Address } from 'viem'
import type { NetworkView } from '../chain.ts'
import { endOfDay, leads } from '../turns.ts'

/** An hour of a real day, which begins when the day ends; where days last seconds, as long as proving some of them takes. */
const turnsPerEpoch = 24
const leastTurnSeconds = 30

/**
 * Whether it is for one of these signers to prove a day now. Anyone may, but two at once pay for the same twice. Who does not come to it is
 * followed by the next.
 */
export function isProversTurn(
  { clock, time, signers }: Pick<NetworkView, 'clock' | 'time' | 'signers'>,
  accounts: readonly { address: Address }[],
  day: number,
): boolean {
  const seconds = Math.max(leastTurnSeconds, Math.floor(clock.epochSeconds / turnsPerEpoch))
  const attempt = Math.floor(Math.max(time - endOfDay(clock, day), 0) / seconds)
  return accounts.some(({ address }) => leads(signers, address, day, attempt))
}
