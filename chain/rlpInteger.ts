import { type Hex, toHex } from 'viem'

/** A number as RLP has it: big-endian bytes without leading zeros, and none at all for 0. */
export function toRlpInteger(value: Hex | bigint): Hex {
  const number = BigInt(value)
  if (number === 0n) return '0x'
  const digits = toHex(number).slice(2)
  return `0x${digits.length % 2 === 1 ? '0' : ''}${digits}`
}
