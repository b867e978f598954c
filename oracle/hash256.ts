import { hash } from 'node:crypto'
import type { Hash } from 'viem'

/** Bitcoin's hash: SHA-256 twice. 32 bytes in the order in which they are hashed on. */
export function hash256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', hash('sha256', bytes, 'buffer'), 'buffer')
}

/** The form that explorers print: reversed, as hex. */
export function toDisplay(internal: Uint8Array): Hash {
  return `0x${Buffer.from(internal).reverse().toString('hex')}`
}

/** The bytes of a printed hash in the order in which they are hashed on. */
export function fromDisplay(displayed: Hash): Uint8Array {
  return Buffer.from(displayed.slice(2), 'hex').reverse()
}

/** A hash read as the number that proof of work compares with the target. */
export function hashToNumber(internal: Uint8Array): bigint {
  return BigInt(toDisplay(internal))
}
