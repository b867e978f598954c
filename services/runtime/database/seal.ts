import { crc32c } from './crc32c.ts'
import { StoreDamagedError } from './errors.ts'
import { formatRow, parseRow } from './rowText.ts'

/*
 * LevelDB looks at no checksum when it reads. So each row carries one of its own, over its key too: a row that a flipped bit has
 * moved to another key is none of that key's. A row is `crc json`, the CRC-32C in eight hex digits.
 */

/** A row as it stands in a store under `key`, the whole key with its table. */
export function sealRow(key: string, value: unknown): string {
  const json = formatRow(value)
  return `${checksum(key, json)} ${json}`
}

/** Whether a row has the form of one with a checksum. Those of version 1 are bare JSON. */
export function looksSealed(text: string): boolean {
  return /^[0-9a-f]{8} /.test(text)
}

/** What was sealed under this key. Throws StoreDamagedError where the row is another one than was written. */
export function unsealRow<Row>(store: string, key: string, text: string): Row {
  const json = text.slice(9)
  if (text !== `${checksum(key, json)} ${json}`) {
    throw new StoreDamagedError(store, key, 'the row and its checksum do not belong together')
  }
  return parseRow<Row>(json)
}

function checksum(key: string, json: string): string {
  return crc32c(Buffer.from(`${key}\0${json}`))
    .toString(16)
    .padStart(8, '0')
}
