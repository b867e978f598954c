import type { Address, Hash } from 'viem'
import { bumpedFees, nextNonce, suggestedFees } from './outboxChain.ts'
import { FeeCapError, NonceNotOpenError } from './outboxErrors.ts'
import { broadcast, newest, type Queue, save, signCancel } from './outboxQueue.ts'
import type { OutboxEntry } from './store.ts'

// What an operator does when transactions of a key are stuck: see the nonces, cancel one, fill those that nothing stands for.

export type WaitingNonce = {
  nonce: number
  key: string
  hash: Hash
  /** Wei that a unit of gas may cost, in the newest form. */
  maxFeePerGas: bigint
  /** Signed so far. */
  forms: number
  isCancelled: boolean
  /** Blocks since this process first found the newest form waiting. */
  blocks: bigint
}

export type Nonces = {
  address: Address
  chainId: number
  /** What the next intent gets. */
  next: number
  /** How many the chain has used at its head, and with what its node's pool holds in a row. */
  latest: number
  pending: number
  /** Below what waits, and nothing here stands for them. */
  gaps: number[]
  waiting: WaitingNonce[]
}

export async function readNonces(queue: Queue): Promise<Nonces> {
  const { client, account, chainId, entries } = queue
  const { address } = account
  const [latest, pending, head] = await Promise.all([
    client.getTransactionCount({ address }),
    client.getTransactionCount({ address, blockTag: 'pending' }),
    client.getBlockNumber({ cacheTime: 0 }),
  ])
  const open = [...entries.values()].filter(({ settled }) => settled === undefined)
  const waiting = open.map((entry): WaitingNonce => {
    const { hash, maxFeePerGas, cancels } = newest(entry)
    const since = queue.sentAtBlock.get(hash) ?? head
    const { nonce, key, forms } = entry
    const blocks = head > since ? head - since : 0n
    return { nonce, key, hash, maxFeePerGas, forms: forms.length, isCancelled: cancels === true, blocks }
  })
  return {
    ...{ address, chainId, latest, pending },
    next: nextNonce(latest, entries.values()),
    gaps: gapsBelow(latest, [...entries.values()]),
    waiting: waiting.sort((a, b) => a.nonce - b.nonce),
  }
}

/**
 * Puts nothing in the place of what waits at a nonce, on disk before it is sent. Cancelling twice is the same. Where nothing is known of
 * a nonce that what waits above it needs, it is filled.
 */
export async function cancelNonce(queue: Queue, nonce: number): Promise<OutboxEntry> {
  const { client, account, entries } = queue
  const { address } = account
  const refused = (reason: string) => new NonceNotOpenError(address, nonce, reason)
  const entry = [...entries.values()].find((each) => each.nonce === nonce && each.settled === undefined)
  const latest = await client.getTransactionCount({ address })
  if (nonce < latest) throw refused(`the chain has used all below ${latest}`)
  if (entry === undefined) {
    if (!gapsBelow(latest, [...entries.values()]).includes(nonce)) throw refused('nothing waits there')
    return fill(queue, nonce)
  }
  if (newest(entry).cancels) return entry
  const market = await suggestedFees(client, queue.maxFeePerGasCap)
  const fees = bumpedFees(newest(entry), market, queue.maxFeePerGasCap)
  if (fees instanceof FeeCapError) throw fees
  const form = await signCancel(queue, nonce, fees)
  queue.log.warn({ key: entry.key, nonce, hash: form.hash }, 'outbox.cancelled')
  const cancelled = await save(queue, { ...entry, forms: [...entry.forms, form] })
  await broadcast(queue, cancelled)
  return cancelled
}

/** What waits above a nonce that is in no pool waits for ever: entries that a repair lost, or a foreign transaction that was dropped. */
export async function fillGaps(queue: Queue): Promise<number[]> {
  const { gaps, pending } = await readNonces(queue)
  // Below `pending` the node's pool holds something of somebody's with that key.
  const empty = gaps.filter((nonce) => nonce >= pending)
  for (const nonce of empty) await fill(queue, nonce)
  return empty
}

/**
 * The same once such a nonce has stood empty for as long as a transaction may wait: an operator who used the key by hand sees L1 give up his
 * transaction, and what was signed above it waits for him. Should it come back, the chain takes one of the two.
 */
export async function fillLastingGaps(queue: Queue, latest: number): Promise<void> {
  const { client, gapAtBlock, entries, stuckBlocks } = queue
  const gaps = gapsBelow(latest, [...entries.values()])
  for (const nonce of gapAtBlock.keys()) if (!gaps.includes(nonce)) gapAtBlock.delete(nonce)
  if (gaps.length === 0) return
  const head = await client.getBlockNumber({ cacheTime: 0 })
  for (const nonce of gaps) if (!gapAtBlock.has(nonce)) gapAtBlock.set(nonce, head)
  if (gaps.some((nonce) => head - (gapAtBlock.get(nonce) ?? head) >= stuckBlocks)) await fillGaps(queue)
}

async function fill(queue: Queue, nonce: number): Promise<OutboxEntry> {
  const { client, account, entries, log } = queue
  const form = await signCancel(queue, nonce, await suggestedFees(client, queue.maxFeePerGasCap))
  const tries = [...entries.keys()].filter((key) => key.startsWith(`fill:${nonce}#`)).length
  const bare = {
    key: `fill:${nonce}#${tries}`,
    nonce,
    to: account.address,
    data: '0x',
    value: 0n,
    gas: 21_000n,
  } as const
  log.warn({ nonce, hash: form.hash }, 'outbox.filled')
  const entry = await save(queue, { ...bare, forms: [form] })
  await broadcast(queue, entry)
  return entry
}

/** Nonces from the chain's on that what waits above them needs, and that no entry has. */
function gapsBelow(latest: number, entries: readonly OutboxEntry[]): number[] {
  const highest = entries.reduce(
    (most, { nonce, settled }) => (settled === undefined ? Math.max(most, nonce) : most),
    latest,
  )
  if (highest === latest) return []
  const held = new Set(entries.map(({ nonce }) => nonce))
  const gaps: number[] = []
  for (let nonce = latest; nonce < highest; nonce++) if (!held.has(nonce)) gaps.push(nonce)
  return gaps
}
