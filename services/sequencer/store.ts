import type { Hash } from 'viem'
import { mutex } from '../runtime/mutex.ts'
import { formatRow, type OpenDatabase, openLevel, parseRow } from '../runtime/store.ts'
import { OtherNetworkError } from './errors.ts'
import type { L1Header, L2Header, MessageRecord, OutputRecord } from './records.ts'
import { emptyTally, type Replacement, retold, type Tally } from './tally.ts'
import type { Word } from './words.ts'

/*
 * The messages and headers that this service has read. Each batch that reads a block also writes what stood there before, as a row of
 * `undo`; rewinding applies these rows newest first. Each batch that changes messages changes their tally too. A batch is on disk when
 * its promise resolves.
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

/** Opens the store for this process alone and for this network alone. */
export async function openSequencerStore(
  folder: string,
  network: string,
  openDatabase: OpenDatabase = openLevel,
): Promise<SequencerStore> {
  const tables = await openTables(folder, openDatabase)
  await bind(tables, folder, network)
  tables.tally = await readTally(tables)
  const exclusive = mutex()
  const { messages, l1, l2, outputs, words } = tables

  return {
    apply: (tag, changes) => exclusive(() => apply(tables, tag, changes)),
    applyFinal: (changes) => exclusive(() => applyFinal(tables, changes)),
    rewind: (to) => exclusive(() => rewind(tables, to)),
    update: (id, change) =>
      exclusive(async () => {
        const record = await get<MessageRecord>(messages, id)
        if (record === undefined) return undefined
        const changed = change(record)
        if (changed === record) return record
        await retell(tables, [put(messages, id, changed)], [{ before: record, after: changed }])
        return changed
      }),
    message: (id) => get(messages, id),
    messages: async function* (afterId) {
      const range = afterId === undefined ? {} : { gt: afterId }
      for await (const text of messages.values(range)) yield parseRow<MessageRecord>(text)
    },
    tally: () => tables.tally,
    l1Header: (number) => get(l1, padded(number)),
    l2Header: (number) => get(l2, padded(number)),
    l2Head: async () => (await l2.values({ reverse: true, limit: 1 }).all()).map(parseRow<L2Header>)[0],
    l2HeadersDown: async function* () {
      for await (const text of l2.values({ reverse: true })) yield parseRow<L2Header>(text)
    },
    output: (number) => get(outputs, padded(number)),
    putOutput: (output) => tables.write([put(outputs, padded(output.number), output)]),
    words: async () =>
      new Map((await words.iterator().all()).map(([about, text]) => [about, parseRow<Word>(text)])),
    putWord: (about, word) =>
      tables.write([
        word === undefined ? { type: 'del', sublevel: words, key: about } : put(words, about, word),
      ]),
    close: () => tables.close(),
  }
}

type Tables = Awaited<ReturnType<typeof openTables>>
type Table = Tables['messages']

type Operations = Parameters<Tables['write']>[0]

async function openTables(folder: string, openDatabase: OpenDatabase) {
  const db = await openDatabase(folder)
  const table = (name: string) => db.sublevel<string, string>(name, {})
  const undo = table('undo')
  const [last] = await undo.keys({ reverse: true, limit: 1 }).all()
  return {
    meta: table('meta'),
    messages: table('messages'),
    l1: table('l1'),
    l2: table('l2'),
    outputs: table('outputs'),
    words: table('words'),
    undo,
    nextUndo: last === undefined ? 0n : BigInt(last) + 1n,
    tally: emptyTally(),
    write: (operations: Parameters<typeof db.batch<string, string>>[0]) =>
      db.batch<string, string>(operations, { sync: true }),
    close: () => db.close(),
  }
}

async function bind({ meta, write, close }: Tables, folder: string, network: string): Promise<void> {
  const stored = await meta.get('network')
  if (stored === network) return
  if (stored === undefined) return write([{ type: 'put', sublevel: meta, key: 'network', value: network }])
  await close()
  throw new OtherNetworkError(folder, stored, network)
}

/** Of a store without one, the messages are counted. */
async function readTally({ meta, messages }: Tables): Promise<Tally> {
  const stored = await get<Tally>(meta, tallyKey)
  if (stored !== undefined) return stored
  let tally = emptyTally()
  for await (const text of messages.values()) {
    tally = retold(tally, [{ before: undefined, after: parseRow<MessageRecord>(text) }])
  }
  return tally
}

/** Writes a batch, and with it what it makes of the tally. */
async function retell(
  tables: Tables,
  operations: Operations,
  replacements: readonly Replacement[],
): Promise<void> {
  if (replacements.length === 0) return tables.write(operations)
  const tally = retold(tables.tally, replacements)
  await tables.write([...operations, put(tables.meta, tallyKey, tally)])
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
    rows.map(async ({ area, key }) => ({ area, key, value: (await tables[area].get(key)) ?? null })),
  )
  const { undo, nextUndo } = tables
  const oldest =
    nextUndo < undoRows ? [] : [{ type: 'del' as const, sublevel: undo, key: padded(nextUndo - undoRows) }]
  const operations = [
    ...rows.map(({ area, key, row }) => put(tables[area], key, row)),
    put(undo, padded(nextUndo), { tag, before } satisfies Undo),
    ...oldest,
  ]
  const replaced = before.map(({ area, value }, at): Replacement[] => {
    const after = messages[at]
    return area === 'messages' && after !== undefined ? [{ before: messageOf(value), after }] : []
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
    const known = await tables.messages.getMany(batch.map(({ id }) => id))
    const replaced = batch.map((after, at) => ({ before: messageOf(known[at] ?? null), after }))
    await retell(
      tables,
      batch.map((row) => put(tables.messages, row.id, row)),
      replaced,
    )
  }
  const floor: Floor = { l1: l1.at(-1)?.number ?? 0n, l2: l2.at(-1)?.number ?? 0n }
  await tables.write([
    ...l1.map((row) => put(tables.l1, padded(row.number), row)),
    ...l2.map((row) => put(tables.l2, padded(row.number), row)),
    put(tables.meta, floorKey, floor),
  ])
}

/** Forgets all that was read. The chains still have it. */
async function clear(tables: Tables): Promise<void> {
  const { messages, l1, l2, undo, meta, write } = tables
  // Without a tally, whoever opens the store after a kill counts what is left.
  await write([{ type: 'del', sublevel: meta, key: tallyKey }])
  for (const table of [l1, l2, undo, messages]) await table.clear()
  await write([{ type: 'del', sublevel: meta, key: floorKey }])
  tables.tally = emptyTally()
}

async function rewind(tables: Tables, to: { l1: bigint; l2: bigint }): Promise<void> {
  const floor = await get<Floor>(tables.meta, floorKey)
  if (floor !== undefined && isAbove(floor, to)) return clear(tables)
  for await (const [key, text] of tables.undo.iterator({ reverse: true })) {
    const { tag, before } = parseRow<Undo>(text)
    // Not the end: an L1 block may have been noted long before the first L2 block on it.
    if (!isAbove(tag, to)) continue
    const replaced: Replacement[] = []
    for (const { area, key: row, value } of before) {
      if (area !== 'messages') continue
      replaced.push({ before: await get<MessageRecord>(tables.messages, row), after: messageOf(value) })
    }
    const operations = before.map(({ area, key: row, value }) =>
      value === null
        ? { type: 'del' as const, sublevel: tables[area], key: row }
        : { type: 'put' as const, sublevel: tables[area], key: row, value },
    )
    await retell(tables, [...operations, { type: 'del', sublevel: tables.undo, key }], replaced)
  }
}

function messageOf(text: string | null): MessageRecord | undefined {
  return text === null ? undefined : parseRow<MessageRecord>(text)
}

function isAbove(tag: Tag, to: { l1: bigint; l2: bigint }): boolean {
  return (tag.l1 !== undefined && tag.l1 > to.l1) || (tag.l2 !== undefined && tag.l2 > to.l2)
}

async function get<Row>(table: Table, key: string): Promise<Row | undefined> {
  const text = await table.get(key)
  return text === undefined ? undefined : parseRow<Row>(text)
}

function put(sublevel: Table, key: string, row: unknown) {
  return { type: 'put' as const, sublevel, key, value: formatRow(row) }
}

/** So that keys sort like the numbers. */
function padded(number: bigint): string {
  return number.toString().padStart(12, '0')
}
