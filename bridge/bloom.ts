import { type Hex, hexToBytes, keccak256 } from 'viem'

/** 2048 bits, numbered from the last one. */
const bloomBytes = 256
const bitMask = 2047

/**
 * Whether a header's bloom filter admits logs with all of these words: an emitting address, topics. False is certain; true may be by
 * chance, for other words that set the same bits.
 */
export function bloomMayHold(bloom: Hex, words: readonly Hex[]): boolean {
  const filter = hexToBytes(bloom)
  return words.every((word) => bitsOf(word).every((bit) => isSet(filter, bit)))
}

/** The Yellow Paper's M3:2048: the low eleven bits of the first three pairs of bytes of the hash. */
function bitsOf(word: Hex): number[] {
  const hash = hexToBytes(keccak256(word))
  return [0, 2, 4].map((at) => (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & bitMask)
}

function isSet(filter: Uint8Array, bit: number): boolean {
  const byte = filter[bloomBytes - 1 - (bit >> 3)] ?? 0
  return (byte & (1 << (bit & 7))) !== 0
}
