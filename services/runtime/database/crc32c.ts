/** The polynomial of Castagnoli, bits reversed: what LevelDB itself uses. */
const polynomial = 0x82f63b78

/** Bytes taken at once, each by a table of its own: four times as fast as one by one. */
const stride = 8

/** Row k, of 256 numbers, is what a byte makes of the checksum when k bytes come behind it. */
const tables = makeTables()

function makeTables(): Int32Array {
  const made = new Int32Array(256 * stride)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ polynomial
    made[byte] = value
  }
  for (let at = 256; at < made.length; at++) {
    const before = entry(made, at - 256)
    made[at] = (before >>> 8) ^ entry(made, before & 0xff)
  }
  return made
}

/** CRC-32C of some bytes, as an unsigned number of 32 bits. */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1
  let at = 0
  for (; at + stride <= bytes.length; at += stride) {
    const low = crc ^ fourBytes(bytes, at)
    const high = fourBytes(bytes, at + 4)
    crc =
      entry(tables, 0x700 | (low & 0xff)) ^
      entry(tables, 0x600 | ((low >>> 8) & 0xff)) ^
      entry(tables, 0x500 | ((low >>> 16) & 0xff)) ^
      entry(tables, 0x400 | (low >>> 24)) ^
      entry(tables, 0x300 | (high & 0xff)) ^
      entry(tables, 0x200 | ((high >>> 8) & 0xff)) ^
      entry(tables, 0x100 | ((high >>> 16) & 0xff)) ^
      entry(tables, high >>> 24)
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ entry(tables, (crc ^ entry(bytes, at)) & 0xff)
  return (crc ^ -1) >>> 0
}

function fourBytes(bytes: Uint8Array, at: number): number {
  return (
    entry(bytes, at) |
    (entry(bytes, at + 1) << 8) |
    (entry(bytes, at + 2) << 16) |
    (entry(bytes, at + 3) << 24)
  )
}

/** Safe: every caller stays within the length, and a typed array has no holes. */
function entry(numbers: Int32Array | Uint8Array, at: number): number {
  return numbers[at] as number
}
