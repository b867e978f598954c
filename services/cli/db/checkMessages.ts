import type { Finding, StoredRow } from './checkStore.ts'

// What the rows of the sequencer's messages say of each other, read without the sequencer's own code.

export type BlockName = { number: bigint; hash: string }

export type MessageHeads = {
  /** The newest blocks that were read. */
  l1: BlockName | undefined
  l2: BlockName | undefined
  /** Blocks up to here were read in bulk, and have no header of their own. */
  floor: { l1: bigint; l2: bigint } | undefined
}

type Message = {
  id: string
  kind: 'deposit' | 'withdrawal'
  state: string
  history: readonly { state: string }[]
  withdrawal?: { value: bigint }
}
type Header = { number: bigint; hash: string; origin?: { number: bigint; hash: string } }
type Tally = { counts: Record<Message['kind'], Record<string, number>>; withdrawnWei: bigint }

export function checkMessages(
  store: string,
  stored: readonly StoredRow[],
): { heads: MessageHeads; findings: Finding[] } {
  const findings: Finding[] = []
  const tell = (place: string, problem: string) => findings.push({ store, place, problem, grave: true })
  // Safe: a row with the right checksum is what the service wrote under that table.
  const rows = <Row>(table: string) =>
    stored.filter((row) => row.table === table) as { key: string; value: Row }[]
  const meta = new Map(rows('meta').map(({ key, value }) => [key, value]))
  const floor = meta.get('floor') as MessageHeads['floor']

  for (const { key, value } of rows<Message>('messages')) checkMessage(key, value, tell)
  checkTally(
    rows<Message>('messages').map(({ value }) => value),
    meta.get('tally') as Tally | undefined,
    tell,
  )
  const l1 = rows<Header>('l1')
  const l2 = rows<Header>('l2')
  checkRow('l1', l1, floor?.l1 ?? 0n, tell)
  checkRow('l2', l2, floor?.l2 ?? 0n, tell)
  checkOrigins(new Map(l1.map(({ value }) => [value.number, value.hash])), l2, tell)
  for (const { key, value } of rows<{ number: bigint; blockHash: string }>('outputs')) {
    if (BigInt(key) !== value.number) tell(`outputs ${key}`, `it is the output of block ${value.number}`)
  }
  const heads = { l1: nameOf(l1.at(-1)?.value), l2: nameOf(l2.at(-1)?.value), floor }
  return { heads, findings }
}

const nameOf = (header: Header | undefined): BlockName | undefined =>
  header && { number: header.number, hash: header.hash }

type Tell = (place: string, problem: string) => void

function checkMessage(key: string, { id, state, history }: Message, tell: Tell): void {
  if (id !== key) tell(`messages ${key}`, `it is the message ${id}`)
  const last = history.at(-1)?.state
  if (last !== state) tell(`messages ${key}`, `it is ${state}, and the last step of its history is ${last}`)
}

function checkTally(messages: readonly Message[], tally: Tally | undefined, tell: Tell): void {
  // A store that was cleared has none until the next message.
  if (tally === undefined) return
  const counted = new Map<string, number>()
  let withdrawn = 0n
  for (const { kind, state, withdrawal } of messages) {
    counted.set(`${kind} ${state}`, (counted.get(`${kind} ${state}`) ?? 0) + 1)
    withdrawn += withdrawal?.value ?? 0n
  }
  const told = Object.entries(tally.counts).flatMap(([kind, states]) =>
    Object.entries(states).map(([state, count]) => [`${kind} ${state}`, count] as const),
  )
  for (const name of new Set([...counted.keys(), ...told.map(([each]) => each)])) {
    const [has, says] = [counted.get(name) ?? 0, told.find(([each]) => each === name)?.[1] ?? 0]
    if (has !== says) tell('meta tally', `it counts ${says} of ${name}, there are ${has}`)
  }
  if (withdrawn !== tally.withdrawnWei) {
    tell('meta tally', `it has ${tally.withdrawnWei} wei withdrawn, the messages ${withdrawn}`)
  }
}

/** Above the floor each block follows the one before. */
function checkRow(
  table: string,
  rows: readonly { key: string; value: Header }[],
  floor: bigint,
  tell: Tell,
): void {
  let before: bigint | undefined
  for (const { key, value } of rows) {
    if (BigInt(key) !== value.number) tell(`${table} ${key}`, `it is the header of block ${value.number}`)
    const isNext = before === undefined || before < floor || value.number === before + 1n
    if (!isNext) tell(`${table} ${key}`, `the block before it is ${before}: headers in between are gone`)
    before = value.number
  }
}

function checkOrigins(
  l1: ReadonlyMap<bigint, string>,
  l2: readonly { key: string; value: Header }[],
  tell: Tell,
): void {
  let before = 0n
  for (const { key, value } of l2) {
    if (value.origin === undefined) continue
    const { number, hash } = value.origin
    if (number < before) tell(`l2 ${key}`, `its origin ${number} lies before that of its parent, ${before}`)
    const noted = l1.get(number)
    if (noted !== undefined && noted !== hash)
      tell(`l2 ${key}`, `its origin is not the noted L1 block ${number}`)
    before = number
  }
}
