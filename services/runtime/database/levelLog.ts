import { crc32c } from './crc32c.ts'

/*
 * LevelDB's log holds the newest batches. When a store is opened and a record of it does not fit its checksum, LevelDB passes over the
 * rest of that block without a word: batches that were synced are gone. So the log is read before LevelDB reads it (checkFiles.ts). Its format (doc/log_format.md
 * of LevelDB): blocks of 32 KiB; a record is crc (4, masked), length (2), type (1) and its data, and never crosses a block.
 */

const blockBytes = 32_768
const headerBytes = 7
const types = { whole: 1, first: 2, middle: 3, last: 4 } as const

/** Where the first damaged record of a log begins; undefined where there is none, or only an end that was cut off. */
export function damagedAt(log: Buffer): number | undefined {
  let at = 0
  while (at < log.length) {
    const left = blockBytes - (at % blockBytes)
    const end = left < headerBytes ? at + left : recordEnd(log, at)
    if (end === undefined) return isTornEnd(log, at) ? undefined : at
    at = end
  }
  return undefined
}

/** What was appended to a log, piece by piece: an append that does not fit into a block has several records. */
export function* batchesIn(log: Buffer): Generator<Buffer> {
  let pieces: Buffer[] = []
  for (let at = 0; at < log.length; ) {
    const left = blockBytes - (at % blockBytes)
    const end = left < headerBytes ? undefined : recordEnd(log, at)
    if (end === undefined && left >= headerBytes) return
    if (end !== undefined) {
      const type = log.readUInt8(at + 6)
      if (type === types.whole || type === types.first) pieces = []
      pieces.push(log.subarray(at + headerBytes, end))
      if (type === types.whole || type === types.last) yield Buffer.concat(pieces)
    }
    at = end ?? at + left
  }
}

/** Where a whole and right record ends. */
function recordEnd(log: Buffer, at: number): number | undefined {
  if (at + headerBytes > log.length) return undefined
  const end = at + headerBytes + log.readUInt16LE(at + 4)
  const type = log.readUInt8(at + 6)
  const blockEnd = at - (at % blockBytes) + blockBytes
  if (type === 0 || type > types.last || end > log.length || end > blockEnd) return undefined
  return masked(crc32c(log.subarray(at + 6, end))) === log.readUInt32LE(at) ? end : undefined
}

/** A kill or a power cut leaves part of the last write, or zeros in its place, and nothing right behind it. */
function isTornEnd(log: Buffer, at: number): boolean {
  for (let next = at + 1; next < log.length; next++) {
    if (recordEnd(log, next) !== undefined) return false
  }
  const isHeaderWhole = at + headerBytes <= log.length
  const isWhole = isHeaderWhole && at + headerBytes + log.readUInt16LE(at + 4) <= log.length
  return !isWhole || log.at(-1) === 0
}

/** As LevelDB stores a checksum, so that one of bytes with checksums in them does not come out even. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}
