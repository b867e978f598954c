import { formatUnits, parseUnits } from 'viem'
import { AmountError } from './errors.ts'

/** `123456789n` at 8 decimals → `1.23456789`. */
export const formatAmount = (value: bigint, decimals: number, symbol: string): string =>
  `${formatUnits(value, decimals)} ${symbol}`

/** Reads an amount that a person typed. More decimals than the token has are refused, never rounded away. */
export function parseAmount(text: string, decimals: number, symbol: string): bigint {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) throw new AmountError(text, symbol, 'is not a positive decimal number like 0.5')
  if ((match[2] ?? '').length > decimals) {
    throw new AmountError(text, symbol, `has more than the ${decimals} decimals of ${symbol}`)
  }
  const value = parseUnits(text, decimals)
  if (value === 0n) throw new AmountError(text, symbol, 'is zero')
  return value
}
