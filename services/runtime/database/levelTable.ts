import { crc32c } from './crc32c.ts'
import { masked } from './levelLog.ts'
import { snappyDecoded } from './snappy.ts'

/*
 * LevelDB's tables hold what is no longer in its log. Nobody but the reader asks for checksums there, and LevelDB's does not: a flipped bit may
 * turn a row into a deleted one. Format (doc/table_format.md of LevelDB): blocks, each followed by its compression (1) and crc (4, masked, over both); then a footer of 48 bytes
 * with the places of two blocks that name all others: the index, and one that names the filter.
 */

const footerBytes = 48
const magic = 0xdb4775248b80fb57n
const trailerBytes = 5

type Place = { at: number; size: number }

/** What is wrong with a table; undefined if every block is as it was written. */
export function tableProblem(table: Buffer): string | undefined {
  try {
    const footer = table.subarray(-footerBytes)
    if (footer.length < footerBytes || footer.readBigUInt64LE(footerBytes - 8) !== magic) {
      return 'it is cut off, or is no table'
    }
    const [meta, afterMeta] = readPlace(footer, 0)
    const [index] = readPlace(footer, afterMeta)
    for (const named of [meta, index]) {
      for (const place of placesIn(decoded(table, named))) checked(table, place)
    }
    return undefined
  } catch (error) {
    // Numbers out of range: a length or a place was damaged.
    if (error instanceof RangeError) return error.message
    throw error
  }
}

/** The bytes of a block that fits its checksum, as they are stored. Throws RangeError. */
function checked(table: Buffer, { at, size }: Place): Buffer {
  const end = at + size
  if (end + trailerBytes > table.length) throw new RangeError(`the block at ${at} is cut off`)
  if (masked(crc32c(table.subarray(at, end + 1))) !== table.readUInt32LE(end + 1)) {
    throw new RangeError(`the block at ${at} and its checksum do not belong together`)
  }
  return table.subarray(at, end)
}

function decoded(table: Buffer, place: Place): Buffer {
  const bytes = checked(table, place)
  return table.readUInt8(place.at + place.size) === 0 ? bytes : snappyDecoded(bytes)
}

/** What a block of places names: entries of shared, unshared and value length, key and value; then a list of restarts and its length. */
function placesIn(bytes: Buffer): Place[] {
  const end = bytes.length - 4 * (bytes.readUInt32LE(bytes.length - 4) + 1)
  const places: Place[] = []
  for (let at = 0; at < end; ) {
    const [, afterShared] = readNumber(bytes, at)
    const [unshared, afterUnshared] = readNumber(bytes, afterShared)
    const [valueBytes, start] = readNumber(bytes, afterUnshared)
    const [place] = readPlace(bytes, start + unshared)
    places.push(place)
    at = start + unshared + valueBytes
  }
  return places
}

function readPlace(bytes: Buffer, from: number): [place: Place, next: number] {
  const [at, afterAt] = readNumber(bytes, from)
  const [size, next] = readNumber(bytes, afterAt)
  return [{ at, size }, next]
}

/** Seven bits a byte, the lowest first; the highest bit says that more follow. Throws RangeError. */
export function readNumber(bytes: Buffer, from: number): [value: number, next: number] {
  let value = 0
  for (let at = from, scale = 1; ; at++, scale *= 128) {
    const byte = bytes.readUInt8(at)
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, at + 1]
  }
}
