import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import type { Address, Hash, Hex } from 'viem'
import { StoreInUseError } from './outboxErrors.ts'

/** One signed form of an intent. Replacements share the nonce, so at most one of them can be mined. */
export type SignedForm = { hash: Hash; raw: Hex; maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }

export type OutboxEntry = {
  key: string
  nonce: number
  to: Address | null
  data: Hex
  value: bigint
  gas: bigint
  /** Newest last. */
  forms: readonly SignedForm[]
  /** Set once the chain can't lose the transaction any more. */
  settled?: { hash: Hash; blockNumber: bigint; status: 'success' | 'reverted' }
}

export type OutboxStore = {
  readonly folder: string
  identity(): Promise<string | undefined>
  bind(identity: string): Promise<void>
  entries(): Promise<OutboxEntry[]>
  /** On disk when it returns. */
  put(entry: OutboxEntry): Promise<void>
  close(): Promise<void>
}

/** Opens LevelDB, or in a simulation what loses on a kill what was not synced. */
export type OpenDatabase = (folder: string) => Promise<Level<string, string>>

/** Opens the intents of one key in a folder of their own. Throws StoreInUseError naming who has it open. */
export async function openOutboxStore(
  folder: string,
  openDatabase: OpenDatabase = openLevel,
): Promise<OutboxStore> {
  const db = await openDatabase(folder)
  const meta = db.sublevel<string, string>('meta', {})
  const entries = db.sublevel<string, string>('entries', {})
  return {
    folder,
    identity: () => meta.get('identity'),
    bind: (identity) =>
      db.batch([{ type: 'put', sublevel: meta, key: 'identity', value: identity }], { sync: true }),
    entries: async () => (await entries.values().all()).map(parseRow<OutboxEntry>),
    put: (entry) =>
      db.batch([{ type: 'put', sublevel: entries, key: entry.key, value: formatRow(entry) }], { sync: true }),
    close: () => db.close(),
  }
}

/**
 * Opens a Level for this process alone. The lock is LevelDB's own, which the system frees however the process dies; the
 * note beside it only names the holder.
 */
export async function openLevel(folder: string): Promise<Level<string, string>> {
  const note = join(folder, 'holder')
  const db = new Level<string, string>(folder)
  try {
    await db.open()
  } catch (cause) {
    if (!isLocked(cause)) throw cause
    const pid = await readFile(note, 'utf8').catch(() => '')
    throw new StoreInUseError(folder, pid === '' ? 'another process' : `process ${pid}`, cause)
  }
  await writeFile(note, String(process.pid))
  return db
}

function isLocked(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'LEVEL_LOCKED') return true
  }
  return false
}

/** JSON in which a bigint is a string of digits with an n behind it, as in source code. */
export function formatRow(value: unknown): string {
  return JSON.stringify(value, (_key, field) => (typeof field === 'bigint' ? `${field}n` : field))
}

export function parseRow<Row>(text: string): Row {
  // Safe: only formatRow writes rows, and a Row is what was given to it.
  return withBigints(JSON.parse(text)) as Row
}

/** In place, and field by field only here: a reviver takes three times as long, and a history has many rows. */
function withBigints(value: unknown): unknown {
  if (typeof value === 'string') return isBigint(value) ? BigInt(value.slice(0, -1)) : value
  if (typeof value !== 'object' || value === null) return value
  // Safe: what JSON.parse makes is an array, or an object of string keys.
  const fields = value as Record<string, unknown>
  for (const key of Object.keys(fields)) {
    const field = fields[key]
    if (typeof field === 'string' || typeof field === 'object') fields[key] = withBigints(field)
  }
  return value
}

function isBigint(text: string): boolean {
  return text.endsWith('n') && /^-?\d+n$/.test(text)
}
