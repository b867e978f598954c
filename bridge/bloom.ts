import { type Hex, hexToBytes } from 'viem'
import { keccak256 } from '../chain/keccak.ts'

/** 2048 bits, numbered from the last one. */
const bloomBytes = 256
const bitMask = 2047

/**
 * Answers of header bloom filters whether they admit logs with all of these words: an emitting address, topics. False is certain; true may be
 * by chance, for other words that set the same bits. The words are hashed once, for as many headers as there are.
 */
export function bloomTest(words: readonly Hex[]): (bloom: Hex) => boolean {
  const bits = words.flatMap(bitsOf)
  return (bloom) => bits.every((bit) => isSet(bloom, bit))
}

/** The Yellow Paper's M3:2048: the low eleven bits of the first three pairs of bytes of the hash. */
function bitsOf(word: Hex): number[] {
  const hash = hexToBytes(keccak256(word))
  return [0, 2, 4].map((at) => (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & bitMask)
}

function isSet(bloom: Hex, bit: number): boolean {
  // Two digits a byte, behind 0x.
  const at = 2 + 2 * (bloomBytes - 1 - (bit >> 3))
  return (Number.parseInt(bloom.slice(at, at + 2), 16) & (1 << (bit & 7))) !== 0
}
