import { scheduledSubsidy } from '../bitcoinChain.ts'
import { secondsPerDay } from '../block.ts'
import { bitsToTarget, blocksPerRetarget } from '../target.ts'
import type { RandomStream } from './randomStream.ts'

/*
 * The simulated network. Consensus rules are Bitcoin's; only the work is small: 2^9 hashes a block to begin with, never
 * fewer than 2^8, so that a day of 144 blocks is mined in about an eighth of a second. The chain starts on a difficulty
 * epoch at a height of the present era, so that a coinbase has a three-byte height and a subsidy of 3.125 coins.
 */

export const firstHeight = blocksPerRetarget * 417
/** 2024-05-01, the first day that the chain holds whole. */
export const firstDay = 19_844
/** Some blocks lie before the first day, so that its beginning is seen. */
export const startTime = firstDay * secondsPerDay - 7_200
/** 512 hashes a block. */
export const firstBits = 0x1f7f_ffff
export const easiestTarget = 2n ** 248n - 1n
export const halvingInterval = 210_000
/** Hashes a second at the start: one block in ten minutes. */
const startHashrateMilli = 853

export function subsidyAt(height: number): bigint {
  return scheduledSubsidy(height, { halvingInterval })
}

/** Mean seconds to the next block at this target. The hashrate swings by a fifth, so that retargets have something to do. */
export function meanInterval(bits: number, time: number): number {
  const hashes = Number(2n ** 256n / (bitsToTarget(bits) + 1n))
  return Math.floor((hashes * 1_000_000) / (startHashrateMilli * hashrateMilli(time)))
}

/** How far the header's clock is off: mostly seconds, now and then an hour. */
export function clockError(random: RandomStream): number {
  const width = random.below(16) === 0 ? 3_600 : 60
  return random.below(2 * width + 1) - width
}

/** Transactions beside the coinbase: often some, at times none, rarely a few hundred. */
export function transactionCount(random: RandomStream): number {
  const kind = random.below(40)
  if (kind === 0) return 0
  if (kind === 1) return 200 + random.below(200)
  return 1 + random.below(30)
}

/** Fees of one block. Now and then one is paid by somebody who pays himself: a hundred times as much. */
export function feesAt(height: number, transactions: number, random: RandomStream): bigint {
  if (transactions === 0) return 0n
  const base = 20_000_000 + swing(height, 1_900, 12_000_000) + swing(height, 331, 5_000_000)
  const fees = base + random.below(8_000_000)
  return BigInt(random.below(400) === 0 ? fees * 100 : fees)
}

function hashrateMilli(time: number): number {
  const hour = Math.floor((time - startTime) / 3_600)
  return 1_000 + swing(hour, 97 * 24, 150) + swing(hour, 23 * 24, 50)
}

/** A triangle wave between -height and height that starts from 0 upwards. */
function swing(at: number, period: number, height: number): number {
  const phase = (((at + Math.floor(period / 4)) % period) + period) % period
  return Math.floor((4 * height * Math.min(phase, period - phase)) / period) - height
}
