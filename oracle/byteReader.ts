/** What is thrown where bytes do not hold what they should: a class of `errors.ts`. */
export type Malformed = new (offset: number, reason: string) => Error

export type ByteReader = ReturnType<typeof createByteReader>

/** Reads Bitcoin's wire format from the front. What it takes are views: copy what is kept longer than `bytes`. */
export function createByteReader(bytes: Uint8Array, Malformed: Malformed) {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let offset = 0
  const skip = (count: number): number => {
    if (offset + count > view.length) {
      throw new Malformed(offset, `${count} bytes wanted, ${view.length - offset} left`)
    }
    offset += count
    return offset - count
  }
  const take = (count: number): Uint8Array => view.subarray(skip(count), offset)
  const number = (count: number) => view.readUIntLE(skip(count), count)
  const uint64 = () => view.readBigUInt64LE(skip(8))
  const length = (): number => {
    const first = number(1)
    if (first < 0xfd) return first
    const value = first === 0xff ? Number(uint64()) : number(first === 0xfd ? 2 : 4)
    const least = first === 0xfd ? 0xfd : first === 0xfe ? 0x1_0000 : 0x1_0000_0000
    if (value < least) throw new Malformed(offset, `the length ${value} is not in its shortest form`)
    return value
  }
  return {
    take,
    length,
    uint64,
    uint32: () => number(4),
    int32: () => number(4) | 0,
    peek: () => view[offset],
    /** Two bytes that can only be these. */
    marker: (expected: number, reason: string) => {
      if (number(2) !== expected) throw new Malformed(offset - 1, reason)
    },
    list: <Item>(item: () => Item): Item[] => {
      const count = length()
      // Every item takes at least a byte: a count beyond the input cannot reserve memory.
      if (count > view.length - offset) throw new Malformed(offset, `${count} items do not fit`)
      return Array.from({ length: count }, item)
    },
    end: () => {
      if (offset !== view.length) throw new Malformed(offset, `${view.length - offset} bytes follow`)
    },
  }
}
