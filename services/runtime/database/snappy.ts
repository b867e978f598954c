import { readNumber } from './levelTable.ts'

/**
 * Bytes that LevelDB has compressed (format_description.txt of Snappy): their length, then pieces, each either new bytes or a part of what
 * came out before. Throws RangeError where they are none.
 */
export function snappyDecoded(bytes: Buffer): Buffer {
  const [length, start] = readNumber(bytes, 0)
  // A block has a few kilobytes: what claims much more was damaged.
  if (length > bytes.length * 64) throw new RangeError('a block claims to be longer than it can be')
  const out = Buffer.alloc(length)
  let [at, filled] = [start, 0]
  while (at < bytes.length) {
    const tag = bytes.readUInt8(at)
    if ((tag & 3) === 0) {
      const [size, from] = literal(bytes, at)
      if (filled + size > length || from + size > bytes.length) throw new RangeError('a block is cut off')
      bytes.copy(out, filled, from, from + size)
      ;[at, filled] = [from + size, filled + size]
      continue
    }
    const { size, back, next } = repeat(bytes, at)
    if (back === 0 || back > filled || filled + size > length) throw new RangeError('a block repeats nothing')
    for (let step = 0; step < size; step++) out.writeUInt8(out.readUInt8(filled + step - back), filled + step)
    ;[at, filled] = [next, filled + size]
  }
  if (filled !== length) throw new RangeError('a block is cut off')
  return out
}

function literal(bytes: Buffer, at: number): [size: number, from: number] {
  const short = bytes.readUInt8(at) >> 2
  if (short < 60) return [short + 1, at + 1]
  const extra = short - 59
  return [bytes.readUIntLE(at + 1, extra) + 1, at + 1 + extra]
}

function repeat(bytes: Buffer, at: number): { size: number; back: number; next: number } {
  const tag = bytes.readUInt8(at)
  if ((tag & 3) === 1) {
    return { size: ((tag >> 2) & 7) + 4, back: ((tag >> 5) << 8) | bytes.readUInt8(at + 1), next: at + 2 }
  }
  const size = (tag >> 2) + 1
  if ((tag & 3) === 2) return { size, back: bytes.readUInt16LE(at + 1), next: at + 3 }
  return { size, back: bytes.readUInt32LE(at + 1), next: at + 5 }
}
