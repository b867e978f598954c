import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StoreDamagedError } from '../../runtime/database/errors.ts'
import { looksSealed, unsealRow } from '../../runtime/database/seal.ts'
import { type Database, openLevel } from '../../runtime/database/store.ts'
import { readOldRow, readVersion } from '../../runtime/database/version.ts'
import { checkMessages, type MessageHeads } from './checkMessages.ts'
import { checkOutbox } from './checkOutbox.ts'

/** Something in a store that is not as it should be. */
export type Finding = {
  store: string
  /** The key of a row, or a file. */
  place: string
  problem: string
  /** Whether the store may not be used as it is. */
  grave: boolean
}

export type StoreReport = {
  store: string
  kind: 'messages' | 'outbox' | 'other'
  /** 0 where it could not be opened. */
  version: number
  /** The network or the key that it is bound to. */
  belongsTo: string | undefined
  /** On disk. */
  bytes: number
  /** How many of each kind. */
  rows: Record<string, number>
  heads?: MessageHeads
  /** Of an outbox: transactions on their way, and the nonce that its next one gets at least. */
  outbox?: { pending: number; nextNonce: number }
  findings: Finding[]
}

/** A row whose checksum is right. */
export type StoredRow = { table: string; key: string; value: unknown }

/** LevelDB's folders in the folder of a service, by name. Copies that were put aside are none of them. */
export async function storesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.includes('.') && isStore(join(folder, entry.name)))
    .map(({ name }) => name)
    .sort()
}

export const isStore = (path: string) => existsSync(join(path, 'CURRENT')) || existsSync(join(path, 'LOCK'))

/**
 * Looks at every file and row of a store that nobody has open, and at what its rows say of each other. Nothing in it changes. Throws
 * StoreInUseError.
 */
export async function checkStore(path: string): Promise<StoreReport> {
  const report: StoreReport = {
    ...{ store: basename(path), kind: 'other', version: 0, belongsTo: undefined },
    ...{ bytes: await bytesIn(path), rows: {}, findings: [] },
  }
  try {
    const db = await openLevel(path)
    await readAll(db, path, report).finally(() => db.close())
  } catch (error) {
    if (!(error instanceof StoreDamagedError)) throw error
    report.findings.push(findingOf(report.store, error))
  }
  return report
}

async function readAll(db: Database, path: string, report: StoreReport): Promise<void> {
  report.version = await readVersion(db, path)
  const stored: StoredRow[] = []
  for await (const [place, text] of db.iterator()) {
    const row = readRow(path, place, text, report)
    if (row === undefined) continue
    report.rows[row.table] = (report.rows[row.table] ?? 0) + 1
    stored.push(row)
  }
  const named = (key: string) => stored.find((row) => row.table === 'meta' && row.key === key)?.value
  const [network, identity] = [named('network'), named('identity')]
  const owner = network ?? identity
  report.belongsTo = typeof owner === 'string' ? owner : undefined
  if (network !== undefined) {
    report.kind = 'messages'
    const { heads, findings } = checkMessages(report.store, stored)
    report.heads = heads
    report.findings.push(...findings)
  } else if (identity !== undefined) {
    report.kind = 'outbox'
    const { outbox, findings } = await checkOutbox(report.store, String(identity), stored)
    report.outbox = outbox
    report.findings.push(...findings)
  }
}

function readRow(path: string, place: string, text: string, report: StoreReport): StoredRow | undefined {
  try {
    const [, table = '', key = place] = /^!([^!]*)!(.*)$/s.exec(place) ?? []
    return { table, key, value: readValue(path, place, text, report.version) }
  } catch (error) {
    const damage = error instanceof StoreDamagedError ? error : notJson(path, place, error)
    report.findings.push(findingOf(report.store, damage))
    return undefined
  }
}

/** What a row holds; throws StoreDamagedError, or SyntaxError. Rows of version 1, and those of stores without a version, have no checksum. */
export function readValue(path: string, place: string, text: string, version: number): unknown {
  if (version >= 2 || looksSealed(text)) return unsealRow(path, place, text)
  return readOldRow(place, text)
}

function notJson(path: string, place: string, cause: unknown): StoreDamagedError {
  if (!(cause instanceof SyntaxError)) throw cause
  return new StoreDamagedError(path, place, 'the row is no JSON', cause)
}

const findingOf = (store: string, { place, problem }: StoreDamagedError): Finding => ({
  ...{ store, place, problem, grave: true },
})

async function bytesIn(path: string): Promise<number> {
  let bytes = 0
  for (const name of await readdir(path))
    bytes += (await stat(join(path, name)).catch(() => undefined))?.size ?? 0
  return bytes
}
