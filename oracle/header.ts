import type { Hash } from 'viem'
import { HeaderLengthError } from './errors.ts'
import { fromDisplay, hash256, hashToNumber, toDisplay } from './hash256.ts'
import { bitsToTarget } from './target.ts'

export const headerLength = 80

export type Header = {
  version: number
  /** Printed form, like every hash here. */
  previousHash: Hash
  merkleRoot: Hash
  time: number
  bits: number
  nonce: number
}

export function parseHeader(bytes: Uint8Array): Header {
  if (bytes.length !== headerLength) throw new HeaderLengthError(bytes.length)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, headerLength)
  return {
    version: view.readInt32LE(0),
    previousHash: toDisplay(view.subarray(4, 36)),
    merkleRoot: toDisplay(view.subarray(36, 68)),
    time: view.readUInt32LE(68),
    bits: view.readUInt32LE(72),
    nonce: view.readUInt32LE(76),
  }
}

export function serialiseHeader(header: Header): Uint8Array {
  const bytes = Buffer.alloc(headerLength)
  bytes.writeInt32LE(header.version, 0)
  bytes.set(fromDisplay(header.previousHash), 4)
  bytes.set(fromDisplay(header.merkleRoot), 36)
  bytes.writeUInt32LE(header.time, 68)
  bytes.writeUInt32LE(header.bits, 72)
  bytes.writeUInt32LE(header.nonce, 76)
  return bytes
}

export function headerHash(bytes: Uint8Array): Hash {
  if (bytes.length !== headerLength) throw new HeaderLengthError(bytes.length)
  return toDisplay(hash256(bytes))
}

/** Whether the header's hash meets the target that it names. */
export function hasWork(bytes: Uint8Array): boolean {
  return hashToNumber(hash256(bytes)) <= bitsToTarget(parseHeader(bytes).bits)
}
