import { CompactTargetError, TargetRangeError } from './errors.ts'

/*
 * A header names its target in 32 bits: one byte of size, three bytes of mantissa, target = mantissa * 256^(size-3).
 * The mantissa's top bit is a sign, so a target whose top bit would be set moves one byte up and loses precision.
 */

const maxTarget = 2n ** 256n - 1n

export const blocksPerRetarget = 2_016
export const targetSpanSeconds = 14 * 86_400

/** The target that `bits` stands for. Rejects negative, zero and overflowing encodings, as consensus does. */
export function bitsToTarget(bits: number): bigint {
  if (!Number.isInteger(bits) || bits < 0 || bits > 0xffff_ffff)
    throw new CompactTargetError(bits, 'not 32 bits')
  const size = bits >>> 24
  const mantissa = BigInt(bits & 0x007f_ffff)
  if (mantissa !== 0n && (bits & 0x0080_0000) !== 0) throw new CompactTargetError(bits, 'negative')

  const shift = BigInt(8 * (size - 3))
  const target = shift >= 0n ? mantissa << shift : mantissa >> -shift
  if (target === 0n) throw new CompactTargetError(bits, 'zero')
  if (target > maxTarget) throw new CompactTargetError(bits, 'above 2^256-1')
  return target
}

/** The compact form of `target`, rounded down to what it can hold. */
export function targetToBits(target: bigint): number {
  checkTarget(target)
  let size = Math.ceil(target.toString(16).length / 2)
  let mantissa = size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3))
  if (mantissa & 0x80_0000n) {
    mantissa >>= 8n
    size += 1
  }
  return size * 2 ** 24 + Number(mantissa)
}

/** Hashes expected to meet `target`: floor(2^256 / (target + 1)). */
export function workOf(target: bigint): bigint {
  checkTarget(target)
  return 2n ** 256n / (target + 1n)
}

export type RetargetParameters = {
  bits: number
  /** Time of the epoch's first block and of its last: 2,015 intervals, as consensus has it. */
  firstTime: number
  lastTime: number
  /** No target is easier than this one. */
  limit: bigint
}

/** The compact target of the next 2,016 blocks: a change by a factor of four at most. */
export function nextBits({ bits, firstTime, lastTime, limit }: RetargetParameters): number {
  const span = Math.min(Math.max(lastTime - firstTime, targetSpanSeconds / 4), targetSpanSeconds * 4)
  const target = (bitsToTarget(bits) * BigInt(span)) / BigInt(targetSpanSeconds)
  return targetToBits(target < limit ? target : limit)
}

function checkTarget(target: bigint): void {
  if (target < 1n || target > maxTarget) throw new TargetRangeError(target)
}
