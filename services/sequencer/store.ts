import type { Hash } from 'viem'
import { mutex } from '../runtime/mutex.ts'
import { formatRow, type OpenDatabase, openLevel, parseRow } from '../runtime/store.ts'
import { OtherNetworkError } from './errors.ts'
import type { L1Header, L2Header, MessageRecord, OutputRecord } from './records.ts'

/*
 * The messages and headers that this service has read. Each batch that reads a block also writes what stood there before, as a row of
 * `undo`; rewinding applies these rows newest first. A batch is on disk when its promise resolves.
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
  /** Takes back every batch that read an L1 block above `l1` or an L2 block above `l2`, newest first. */
  rewind(to: { l1: bigint; l2: bigint }): Promise<void>
  /** Changes one message outside any block: what L1 says of a withdrawal. */
  update(id: Hash, change: (record: MessageRecord) => MessageRecord): Promise<MessageRecord | undefined>
  message(id: string): Promise<MessageRecord | undefined>
  messages(): Promise<MessageRecord[]>
  l1Header(number: bigint): Promise<L1Header | undefined>
  l2Header(number: bigint): Promise<L2Header | undefined>
  /** The newest L2 block read. */
  l2Head(): Promise<L2Header | undefined>
  /** Read L2 blocks, newest first. */
  l2HeadersDown(): AsyncIterable<L2Header>
  output(number: bigint): Promise<OutputRecord | undefined>
  putOutput(output: OutputRecord): Promise<void>
  close(): Promise<void>
}

type Undo = { tag: Tag; before: readonly { area: Area; key: string; value: string | null }[] }
type Area = 'messages' | 'l1' | 'l2'

/** Undo rows kept: far more than the blocks that the L2 node can roll back. */
const undoRows = 4_096n

/** Opens the store for this process alone and for this network alone. */
export async function openSequencerStore(
  folder: string,
  network: string,
  openDatabase: OpenDatabase = openLevel,
): Promise<SequencerStore> {
  const tables = await openTables(folder, openDatabase)
  await bind(tables, folder, network)
  const exclusive = mutex()
  const { messages, l1, l2, outputs } = tables

  return {
    apply: (tag, changes) => exclusive(() => apply(tables, tag, changes)),
    rewind: (to) => exclusive(() => rewind(tables, to)),
    update: (id, change) =>
      exclusive(async () => {
        const record = await get<MessageRecord>(messages, id)
        if (record === undefined) return undefined
        const changed = change(record)
        if (changed !== record) await tables.write([put(messages, id, changed)])
        return changed
      }),
    message: (id) => get(messages, id),
    messages: async () => (await messages.values().all()).map(parseRow<MessageRecord>),
    l1Header: (number) => get(l1, padded(number)),
    l2Header: (number) => get(l2, padded(number)),
    l2Head: async () => (await l2.values({ reverse: true, limit: 1 }).all()).map(parseRow<L2Header>)[0],
    l2HeadersDown: async function* () {
      for await (const text of l2.values({ reverse: true })) yield parseRow<L2Header>(text)
    },
    output: (number) => get(outputs, padded(number)),
    putOutput: (output) => tables.write([put(outputs, padded(output.number), output)]),
    close: () => tables.close(),
  }
}

type Tables = Awaited<ReturnType<typeof openTables>>
type Table = Tables['messages']

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
    undo,
    nextUndo: last === undefined ? 0n : BigInt(last) + 1n,
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

async function apply(tables: Tables, tag: Tag, changes: Changes): Promise<void> {
  const rows = [
    ...(changes.messages ?? []).map((row) => ({ area: 'messages' as const, key: String(row.id), row })),
    ...(changes.l1 ?? []).map((row) => ({ area: 'l1' as const, key: padded(row.number), row })),
    ...(changes.l2 ?? []).map((row) => ({ area: 'l2' as const, key: padded(row.number), row })),
  ]
  const before = await Promise.all(
    rows.map(async ({ area, key }) => ({ area, key, value: (await tables[area].get(key)) ?? null })),
  )
  const { undo, nextUndo } = tables
  const oldest =
    nextUndo < undoRows ? [] : [{ type: 'del' as const, sublevel: undo, key: padded(nextUndo - undoRows) }]
  await tables.write([
    ...rows.map(({ area, key, row }) => put(tables[area], key, row)),
    put(undo, padded(nextUndo), { tag, before } satisfies Undo),
    ...oldest,
  ])
  tables.nextUndo += 1n
}

async function rewind(tables: Tables, to: { l1: bigint; l2: bigint }): Promise<void> {
  for await (const [key, text] of tables.undo.iterator({ reverse: true })) {
    const { tag, before } = parseRow<Undo>(text)
    if (!isAbove(tag, to)) return
    await tables.write([
      ...before.map(({ area, key: row, value }) =>
        value === null
          ? { type: 'del' as const, sublevel: tables[area], key: row }
          : { type: 'put' as const, sublevel: tables[area], key: row, value },
      ),
      { type: 'del', sublevel: tables.undo, key },
    ])
  }
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
