import { createKeccak } from 'hash-wasm'
import { type Address, type Hash, type Hex, hexToBytes } from 'viem'

const hasher = await createKeccak(256)

/**
 * Keccak-256 of bytes, or of what hexadecimal digits stand for; throws viem's error for what are no
 * digits. Ten times as fast as viem's: for what is hashed by the thousand.
 */
export function keccak256(value: Hex | Uint8Array): Hash {
  return `0x${hasher.init().update(bytesOf(value)).digest()}`
}

function bytesOf(value: Hex | Uint8Array): Uint8Array {
  if (typeof value !== 'string') return value
  const bytes = Buffer.from(value.slice(2), 'hex')
  // Where Buffer meets something else than two digits it ends, without a word.
  return 2 * bytes.length + 2 === value.length ? bytes : hexToBytes(value)
}

/** An address with the capitals of EIP-55. */
export function checksumAddress(address: Hex): Address {
  const digits = address.slice(2).toLowerCase()
  const hash = keccak256(Buffer.from(digits))
  let checked = ''
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charAt(at)
    checked += hash.charAt(at + 2) >= '8' ? digit.toUpperCase() : digit
  }
  return `0x${checked}`
}
