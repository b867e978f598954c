import { existsSync } from 'node:fs'
import { copyDatabase } from './copy.ts'
import { StoreDamagedError, StoreVersionError } from './errors.ts'
import { parseRow } from './rowText.ts'
import { looksSealed, sealRow, unsealRow } from './seal.ts'
import type { Database } from './store.ts'

/*
 * Version 1: rows are bare JSON, and there is no row that says so. Version 2: each row carries a checksum (seal.ts). A store is brought to
 * this version when it is opened, after a copy of it was put beside it. A kill in between leaves rows of both kinds and no version: the next start
 * goes on.
 */

export const storeVersion = 2
export const versionKey = '!meta!version'
const batchRows = 1_000

/** What a row of version 1 held. `seal` is for rows within a row. */
export type ReadOldRow = (key: string, text: string) => unknown

/**
 * Brings a store to this program's version, or closes it and throws StoreVersionError or StoreDamagedError. A new store is of this version
 * from its first row on.
 */
export async function upgrade(db: Database, folder: string, readOld: ReadOldRow = readOldRow): Promise<void> {
  try {
    const found = await readVersion(db, folder)
    if (found > storeVersion) throw new StoreVersionError(folder, found, storeVersion)
    if (found === storeVersion) return
    if (found === 1) await sealAll(db, folder, readOld)
    await db.batch([{ type: 'put', key: versionKey, value: sealRow(versionKey, storeVersion) }], {
      sync: true,
    })
  } catch (error) {
    await db.close()
    throw error
  }
}

/** The version of a store, 0 of an empty one. */
export async function readVersion(db: Database, folder: string): Promise<number> {
  const stored = await db.get(versionKey)
  if (stored !== undefined) return unsealRow<number>(folder, versionKey, stored)
  return (await db.keys({ limit: 1 }).all()).length === 0 ? 0 : 1
}

/** Where the copy of a store of version 1 is left. */
export const oldCopyOf = (folder: string) => `${folder}.version-1`

async function sealAll(db: Database, folder: string, readOld: ReadOldRow): Promise<void> {
  // One that is there was made whole, by a run that did not come to its end.
  if (!existsSync(oldCopyOf(folder))) await copyDatabase(db, oldCopyOf(folder))
  const rows = db.iterator()
  for (let some = await rows.nextv(batchRows); some.length > 0; some = await rows.nextv(batchRows)) {
    const sealed = some.map(([key, text]) => ({
      type: 'put' as const,
      key,
      value: sealedRow(folder, key, text, readOld),
    }))
    await db.batch(sealed, { sync: true })
  }
  await rows.close()
}

function sealedRow(folder: string, key: string, text: string, readOld: ReadOldRow): string {
  if (looksSealed(text)) {
    unsealRow(folder, key, text)
    return text
  }
  try {
    return sealRow(key, readOld(key, text))
  } catch (cause) {
    throw new StoreDamagedError(folder, key, 'the row is no JSON', cause)
  }
}

/** Rows of `meta` that name what a store belongs to were bare text. */
export function readOldRow(key: string, text: string): unknown {
  return key === '!meta!identity' || key === '!meta!network' ? text : parseRow(text)
}
