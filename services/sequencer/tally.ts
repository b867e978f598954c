import type { MessageRecord } from './records.ts'

/** What can be said of all messages without reading them: it is kept beside them and changes with each. */
export type Tally = {
  /** Messages by kind and state. */
  counts: Record<MessageRecord['kind'], Record<string, number>>
  /** Wei that withdrawals have taken from L2, whatever became of them. */
  withdrawnWei: bigint
}

export function emptyTally(): Tally {
  return { counts: { deposit: {}, withdrawal: {} }, withdrawnWei: 0n }
}

export type Replacement = { before: MessageRecord | undefined; after: MessageRecord | undefined }

/** The tally once each message has become another one, or begun, or been taken back. */
export function retold(tally: Tally, replacements: readonly Replacement[]): Tally {
  const counts = { deposit: { ...tally.counts.deposit }, withdrawal: { ...tally.counts.withdrawal } }
  let { withdrawnWei } = tally
  const add = (message: MessageRecord | undefined, one: 1 | -1) => {
    if (message === undefined) return
    const { kind, state } = message
    const count = (counts[kind][state] ?? 0) + one
    if (count === 0) delete counts[kind][state]
    else counts[kind][state] = count
    if (kind === 'withdrawal') withdrawnWei += BigInt(one) * message.withdrawal.value
  }
  for (const { before, after } of replacements) {
    add(before, -1)
    add(after, 1)
  }
  return { counts, withdrawnWei }
}

export function isSameTally(a: Tally, b: Tally): boolean {
  const kinds = ['deposit', 'withdrawal'] as const
  return (
    a.withdrawnWei === b.withdrawnWei && kinds.every((kind) => isSameCounts(a.counts[kind], b.counts[kind]))
  )
}

function isSameCounts(a: Record<string, number>, b: Record<string, number>): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((state) => a[state] === b[state])
}
