import { z } from 'zod'

/** Decimals are exact integers of 10^-30: no double has more decimals where its value matters, and sums stay exact. */
const decimals = 30

const pattern = /^(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/
const longestText = 60

/** A decimal that is not negative, as an integer of 10^-30; undefined for all else, and for more digits than are exact. */
export function parseDecimal(text: string): bigint | undefined {
  const match = text.length <= longestText ? pattern.exec(text) : null
  if (match === null) return undefined
  const [, whole = '', fraction = '', exponent = '0'] = match
  const digits = BigInt(whole + fraction)
  const shift = decimals - fraction.length + Number(exponent)
  if (digits === 0n) return 0n
  if (shift > longestText + decimals) return undefined
  if (shift >= 0) return digits * 10n ** BigInt(shift)
  const divisor = 10n ** BigInt(-shift)
  return digits % divisor === 0n ? digits / divisor : undefined
}

export function floorDown(value: bigint, toDecimals = 0): bigint {
  return value / 10n ** BigInt(decimals - toDecimals)
}

const decimalUpTo = (limit: bigint, unit: string) =>
  z.string().transform((text, context) => {
    const value = parseDecimal(text)
    if (value === undefined || floorDown(value) > limit) {
      context.addIssue({ code: 'custom', message: `is no decimal from 0 to ${limit}${unit}` })
      return z.NEVER
    }
    return value
  })

/** No amount of bitcoin is larger than all of them. Exact, in units of 10^-30 BTC. */
export const bitcoin = decimalUpTo(21_000_000n, ' BTC')

/** A number of H/s, or of shares, or of hashes. Exact, in units of 10^-30. Above a YH/s a unit was mistaken. */
export const quantity = decimalUpTo(10n ** 30n, '')

/** A fee as a fraction of one. */
export const fraction = decimalUpTo(1n, '')

/** A fee in percent, as a fraction of one. */
export const percent = decimalUpTo(100n, ' %').transform((exact) => exact / 100n)

/** A whole number, such as a time. Fifteen digits are exact in a double. */
export const whole = z
  .string()
  .regex(/^(0|[1-9]\d{0,14})$/, 'is no whole number')
  .transform(Number)

export const satoshi = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/, 'is no whole number of satoshi')
  .transform(BigInt)

/** Satoshi of an exact amount, floored once, after all sums. */
export function satoshiDown(exactBitcoin: bigint): bigint {
  return floorDown(exactBitcoin, 8)
}
