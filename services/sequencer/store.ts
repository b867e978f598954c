import type { Hash } from 'viem'
import { copyDatabase } from '../runtime/database/copy.ts'
import { StoreDamagedError } from '../runtime/database/errors.ts'
import { parseRow } from '../runtime/database/rowText.ts'
import { sealRow } from '../runtime/database/seal.ts'
import { type Database, type OpenDatabase, openLevel } from '../runtime/database/store.ts'
import { openTable } from '../runtime/database/table.ts'
import { readOldRow, upgrade } from '../runtime/database/version.ts'
import { type Operations, writeTogether } from '../runtime/database/writeTogether.ts'
import { mutex } from '../runtime/mutex.ts'
import { createRecent } from '../runtime/recent.ts'
import { OtherNetworkError } from './errors.ts'
import type { L1Header, L2Header, MessageRecord, OutputRecord } from './records.ts'
import { emptyTally, isSameTally, type Replacement, retold, type Tally } from './tally.ts'
import type { Word } from './words.ts'

/*
 * The messages and headers that this service has read. Each batch that reads a block also writes what stood there before, as a row of
 * `undo`; rewinding applies these rows newest first. Each batch that changes messages changes their tally too. A batch is on disk when
 * its promise resolves. The outputs read last stay in memory: one may hold the proofs of thousands of withdrawals, each of which asks for it.
 */

export type Tag = { l1?: bigint; l2?: bigint }
export type Changes = {
  messages?: readonly MessageRecord[]
  l1?: readonly L1Header[]
  l2?: readonly L2Header[]
}

export type SequencerStore = {
  /** Stores what block `tag` brought, revocably. */
  apply(tag: Tag, changes: Changes): Promise<void>
  /** Stores what can't be taken back any more, however much it is; the headers last, so that it is done again after a kill. */
  applyFinal(changes: Changes): Promise<void>
  /** Takes back every batch that read an L1 block above `l1` or an L2 block above `l2`, newest first. */
  rewind(to: { l1: bigint; l2: bigint }): Promise<void>
  /** Changes one message outside any block: what L1 says of a withdrawal. */
  update(id: Hash, change: (record: MessageRecord) => MessageRecord): Promise<MessageRecord | undefined>
  message(id: string): Promise<MessageRecord | undefined>
  /** All of them, one after the other: there may be more than memory holds. */
  messages(afterId?: string): AsyncIterable<MessageRecord>
  tally(): Tally
  l1Header(number: bigint): Promise<L1Header | undefined>
  l2Header(number: bigint): Promise<L2Header | undefined>
  /** The newest L2 block read. */
  l2Head(): Promise<L2Header | undefined>
  /** Read L2 blocks, newest first. */
  l2HeadersDown(): AsyncIterable<L2Header>
  output(number: bigint): Promise<OutputRecord | undefined>
  putOutput(output: OutputRecord): Promise<void>
  /** What the operator has said, by what it is about. */
  words(): Promise<Map<string, Word>>
  /** Sets a word, or takes it back. On disk when it returns. */
  putWord(about: string, word: Word | undefined): Promise<void>
  /** Writes what it holds now into a folder that is not there. Throws CopyExistsError. */
  copy(folder: string): Promise<void>
  close(): Promise<void>
}

type Undo = { tag: Tag; before: readonly { area: Area; key: string; value: string | null }[] }
type Area = 'messages' | 'l1' | 'l2'

/** Undo rows kept: far more than the blocks that the L2 node can roll back. */
const undoRows = 4_096n
const tallyKey = 'tally'
/** Up to where nothing can be taken back: what lies below was stored without a way back. */
type Floor = { l1: bigint; l2: bigint }
const floorKey = 'floor'

/** Opens the store for this process alone and for this network alone. Throws StoreInUseError, StoreDamagedError, StoreVersionError. */
export async function openSequencerStore(
  folder: string,
  network: string,
  openDatabase: OpenDatabase = openLevel,
): Promise<SequencerStore> {
  const db = await openDatabase(folder)
  const tables = await openTables(db, folder, network).catch(async (error: unknown) => {
    await db.close()
    throw error
  })
  const exclusive = mutex()
  const recent = createRecent<bigint, OutputRecord>(2)
  const { messages, l1, l2, outputs, words } = tables

  return {
    apply: (tag, changes) => exclusive(() => apply(tables, tag, changes)),
    applyFinal: (changes) => exclusive(() => applyFinal(tables, changes)),
    rewind: (to) => exclusive(() => rewind(tables, to)),
    update: (id, change) =>
      exclusive(async () => {
        const record = await messages.get<MessageRecord>(id)
        if (record === undefined) return undefined
        const changed = change(record)
        if (changed === record) return record
        await retell(tables, [messages.put(id, changed)], [{ before: record, after: changed }])
        return changed
      }),
    message: (id) => messages.get(id),
    messages: async function* (afterId) {
      const range = afterId === undefined ? {} : { gt: afterId }
      for await (const [, message] of messages.entries<MessageRecord>(range)) yield message
    },
    tally: () => tables.tally,
    l1Header: (number) => l1.get(padded(number)),
    l2Header: (number) => l2.get(padded(number)),
    l2Head: async () => {
      for await (const [, header] of l2.entries<L2Header>({ reverse: true, limit: 1 })) return header
      return undefined
    },
    l2HeadersDown: async function* () {
      for await (const [, header] of l2.entries<L2Header>({ reverse: true })) yield header
    },
    output: (number) => recent.get(number, () => outputs.get<OutputRecord>(padded(number))),
    putOutput: (output) =>
      recent.set(output.number, output, () => tables.write([outputs.put(padded(output.number), output)])),
    words: async () => {
      const said = new Map<string, Word>()
      for await (const [about, word] of words.entries<Word>()) said.set(about, word)
      return said
    },
    putWord: (about, word) => tables.write([word === undefined ? words.del(about) : words.put(about, word)]),
    copy: (to) => copyDatabase(db, to),
    close: () => db.close(),
  }
}

type Tables = Awaited<ReturnType<typeof openTables>>

async function openTables(db: Database, folder: string, network: string) {
  await upgrade(db, folder, readOld)
  const table = (name: string) => openTable(db, folder, name)
  const tables = {
    meta: table('meta'),
    messages: table('messages'),
    l1: table('l1'),
    l2: table('l2'),
    outputs: table('outputs'),
    words: table('words'),
    undo: table('undo'),
    nextUndo: 0n,
    tally: emptyTally(),
    write: (operations: Operations) => writeTogether(db, operations),
  }
  await bind(tables, folder, network)
  tables.tally = await readTally(tables, folder)
  for await (const [key] of tables.undo.entries({ reverse: true, limit: 1 }))
    tables.nextUndo = BigInt(key) + 1n
  return tables
}

/** Rows of `undo` hold others, each as it is stored. */
function readOld(key: string, text: string): unknown {
  if (!key.startsWith('!undo!')) return readOldRow(key, text)
  const { tag, before } = parseRow<Undo>(text)
  const sealed = before.map(({ area, key: row, value }) => ({
    ...{ area, key: row },
    value: value === null ? null : sealRow(`!${area}!${row}`, parseRow(value)),
  }))
  return { tag, before: sealed } satisfies Undo
}

async function bind(
  { meta, write }: Pick<Tables, 'meta' | 'write'>,
  folder: string,
  network: string,
): Promise<void> {
  const stored = await meta.get<string>('network')
  if (stored === undefined) return write([meta.put('network', network)])
  if (stored !== network) throw new OtherNetworkError(folder, stored, network)
}

/**
 * Counts the messages, and compares with what was kept beside them: a row that is gone leaves no other trace. Of a store without a
 * tally the count is taken.
 */
async function readTally(
  { meta, messages }: Pick<Tables, 'meta' | 'messages'>,
  folder: string,
): Promise<Tally> {
  let counted = emptyTally()
  for await (const [, after] of messages.entries<MessageRecord>()) {
    counted = retold(counted, [{ before: undefined, after }])
  }
  const stored = await meta.get<Tally>(tallyKey)
  if (stored !== undefined && !isSameTally(stored, counted)) {
    throw new StoreDamagedError(folder, 'messages', 'there are not as many of them as were stored')
  }
  return counted
}

/** Writes a batch, and with it what it makes of the tally. */
async function retell(
  tables: Tables,
  operations: Operations,
  replacements: readonly Replacement[],
): Promise<void> {
  if (replacements.length === 0) return tables.write(operations)
  const tally = retold(tables.tally, replacements)
  await tables.write([...operations, tables.meta.put(tallyKey, tally)])
  tables.tally = tally
}

/** A message may have become two things in one block: the last one counts. */
function lastOfEach(messages: readonly MessageRecord[]): MessageRecord[] {
  return [...new Map(messages.map((message) => [message.id, message])).values()]
}

async function apply(tables: Tables, tag: Tag, changes: Changes): Promise<void> {
  const messages = lastOfEach(changes.messages ?? [])
  const rows = [
    ...messages.map((row) => ({ area: 'messages' as const, key: String(row.id), row })),
    ...(changes.l1 ?? []).map((row) => ({ area: 'l1' as const, key: padded(row.number), row })),
    ...(changes.l2 ?? []).map((row) => ({ area: 'l2' as const, key: padded(row.number), row })),
  ]
  const before = await Promise.all(
    rows.map(async ({ area, key }) => ({ area, key, value: (await tables[area].text(key)) ?? null })),
  )
  const { undo, nextUndo } = tables
  const oldest = nextUndo < undoRows ? [] : [undo.del(padded(nextUndo - undoRows))]
  const operations = [
    ...rows.map(({ area, key, row }) => tables[area].put(key, row)),
    undo.put(padded(nextUndo), { tag, before } satisfies Undo),
    ...oldest,
  ]
  const replaced = before.map(({ area, value }, at): Replacement[] => {
    const after = messages[at]
    return area === 'messages' && after !== undefined
      ? [{ before: messageOf(tables, after.id, value), after }]
      : []
  })
  await retell(tables, operations, replaced.flat())
  tables.nextUndo += 1n
}

/** Messages of one batch: as many again take hardly longer, and more memory. */
const batchMessages = 500

async function applyFinal(tables: Tables, { l1 = [], l2 = [], ...changes }: Changes): Promise<void> {
  const messages = lastOfEach(changes.messages ?? [])
  for (let from = 0; from < messages.length; from += batchMessages) {
    const batch = messages.slice(from, from + batchMessages)
    const known = await tables.messages.getMany<MessageRecord>(batch.map(({ id }) => id))
    const replaced = batch.map((after, at) => ({ before: known[at], after }))
    await retell(
      tables,
      batch.map((row) => tables.messages.put(row.id, row)),
      replaced,
    )
  }
  const floor: Floor = { l1: l1.at(-1)?.number ?? 0n, l2: l2.at(-1)?.number ?? 0n }
  await tables.write([
    ...l1.map((row) => tables.l1.put(padded(row.number), row)),
    ...l2.map((row) => tables.l2.put(padded(row.number), row)),
    tables.meta.put(floorKey, floor),
  ])
}

/** Forgets all that was read. The chains still have it. */
async function clear(tables: Tables): Promise<void> {
  const { messages, l1, l2, undo, meta, write } = tables
  // Without a tally, whoever opens the store after a kill counts what is left.
  await write([meta.del(tallyKey)])
  for (const table of [l1, l2, undo, messages]) await table.clear()
  await write([meta.del(floorKey)])
  tables.tally = emptyTally()
}

async function rewind(tables: Tables, to: { l1: bigint; l2: bigint }): Promise<void> {
  const floor = await tables.meta.get<Floor>(floorKey)
  if (floor !== undefined && isAbove(floor, to)) return clear(tables)
  for await (const [key, { tag, before }] of tables.undo.entries<Undo>({ reverse: true })) {
    // Not the end: an L1 block may have been noted long before the first L2 block on it.
    if (!isAbove(tag, to)) continue
    const replaced: Replacement[] = []
    for (const { area, key: row, value } of before) {
      if (area !== 'messages') continue
      replaced.push({
        before: await tables.messages.get<MessageRecord>(row),
        after: messageOf(tables, row, value),
      })
    }
    const operations = before.map(({ area, key: row, value }) =>
      value === null ? tables[area].del(row) : tables[area].putText(row, value),
    )
    await retell(tables, [...operations, tables.undo.del(key)], replaced)
  }
}

function messageOf({ messages }: Tables, id: string, text: string | null): MessageRecord | undefined {
  return text === null ? undefined : messages.unseal<MessageRecord>(id, text)
}

function isAbove(tag: Tag, to: { l1: bigint; l2: bigint }): boolean {
  return (tag.l1 !== undefined && tag.l1 > to.l1) || (tag.l2 !== undefined && tag.l2 > to.l2)
}

/** So that keys sort like the numbers. */
function padded(number: bigint): string {
  return number.toString().padStart(12, '0')
}
