import { type Hash, keccak256, type TransactionReceipt, BaseError as ViemError } from 'viem'
import { failpoint } from './failpoint.ts'
import type { Intent, OutboxParameters } from './outbox.ts'
import {
  bumpedFees,
  checkFunds,
  estimatedGas,
  type Fees,
  isKnown,
  nextNonce,
  receiptOfAny,
  suggestedFees,
} from './outboxChain.ts'
import { FeeCapError, OutboxConflictError } from './outboxErrors.ts'
import type { OutboxEntry, SignedForm } from './store.ts'

/** The entries of one key and what one round over them does. One caller at a time. */
export type Queue = Required<Pick<OutboxParameters, 'maxFeePerGasCap' | 'stuckBlocks' | 'safeHead'>> &
  Pick<OutboxParameters, 'client' | 'account' | 'store' | 'log'> & {
    chainId: number
    entries: Map<string, OutboxEntry>
    /** The L1 or L2 block at which this process first found a form waiting. */
    sentAtBlock: Map<Hash, bigint>
    /** The block at which this process first found that nothing stands for a nonce which what waits needs. */
    gapAtBlock: Map<number, bigint>
    replacements: number
    /** Without a receipt where the intent was cancelled. */
    onSettled: (entry: OutboxEntry, receipt?: TransactionReceipt) => void
  }

/** Stores a new intent with its nonce and its signed bytes, then sends it. A known key changes nothing. */
export async function enqueue(queue: Queue, intent: Intent): Promise<OutboxEntry> {
  const { client, account } = queue
  const { key, to, data, value = 0n } = intent
  const known = queue.entries.get(key)
  if (known !== undefined) return checkSame(known, { to, data, value })

  const gas = intent.gas ?? (await estimatedGas(client, account.address, intent))
  const fees = await suggestedFees(client, queue.maxFeePerGasCap)
  await checkFunds(client, account.address, value + gas * fees.maxFeePerGas)
  const chainNonce = await client.getTransactionCount({ address: account.address })
  const bare = { key, to, data, value, gas, nonce: nextNonce(chainNonce, queue.entries.values()) }
  const form = await sign(queue, bare, fees)
  failpoint('intent.store.before')
  const entry = await save(queue, { ...bare, forms: [form] })
  failpoint('intent.store.after')
  await broadcast(queue, entry)
  return entry
}

/** Asks the chain about every intent that is not settled, and does the next thing for each. Answers how many nonces the chain had used. */
export async function round(queue: Queue): Promise<number> {
  const { client, account, entries } = queue
  const safe = await queue.safeHead()
  const nonce = await client.getTransactionCount({ address: account.address })
  for (const { settled, ...entry } of entries.values()) {
    if (settled === undefined || entry.nonce < nonce) continue
    queue.log.warn({ key: entry.key, block: settled.blockNumber }, 'outbox.reopened')
    await save(queue, entry)
  }
  const open = [...entries.values()].filter(({ settled }) => settled === undefined)
  for (const entry of open.sort((a, b) => a.nonce - b.nonce)) await advance(queue, entry, { safe, nonce })
  return nonce
}

type ChainView = { safe: bigint; nonce: number }

async function advance(queue: Queue, entry: OutboxEntry, { safe, nonce }: ChainView): Promise<void> {
  const { client, sentAtBlock } = queue
  failpoint('intent.receipt.before')
  const receipt = await receiptOfAny(client, entry.forms)
  if (receipt !== undefined) {
    failpoint('intent.receipt.after')
    if (receipt.blockNumber <= safe) await settle(queue, entry, receipt)
    return
  }
  if (nonce > entry.nonce) {
    if (!(await isNonceGone(queue, entry, safe))) return
    // A foreign transaction did what the cancellation was for.
    if (newest(entry).cancels) await settleCancelled(queue, entry, safe)
    else await renumber(queue, entry)
    return
  }

  const form = newest(entry)
  const latest = await client.getBlockNumber({ cacheTime: 0 })
  const since = sentAtBlock.get(form.hash)
  if (since === undefined || since > latest) sentAtBlock.set(form.hash, latest)
  else if (latest - since >= queue.stuckBlocks) return replace(queue, entry, entry.nonce === nonce)
  if (!(await isKnown(client, form))) await broadcast(queue, entry)
}

/**
 * Whether a foreign transaction has used the entry's nonce for good: at a block that is both finalised and on disk, and with
 * no receipt of ours on the same chain. The block is looked at before and after, as a reorganisation may fall between the questions.
 */
async function isNonceGone({ client, account }: Queue, entry: OutboxEntry, safe: bigint): Promise<boolean> {
  const final = await client.getBlock({ blockTag: 'finalized' })
  const blockNumber = final.number < safe ? final.number : safe
  const before = await client.getBlock({ blockNumber })
  const used = await client.getTransactionCount({ address: account.address, blockNumber })
  if (used <= entry.nonce || (await receiptOfAny(client, entry.forms)) !== undefined) return false
  const after = await client.getBlock({ blockNumber })
  return before.hash === after.hash
}

async function settle(queue: Queue, entry: OutboxEntry, receipt: TransactionReceipt): Promise<void> {
  const { transactionHash: hash, blockNumber } = receipt
  const isCancelled = entry.forms.some((form) => form.hash === hash && form.cancels)
  const status = isCancelled ? 'cancelled' : receipt.status
  failpoint('intent.settle.before')
  const settled = await save(queue, { ...entry, settled: { hash, blockNumber, status } })
  failpoint('intent.settle.after')
  for (const form of entry.forms) queue.sentAtBlock.delete(form.hash)
  queue.onSettled(settled, receipt)
}

async function settleCancelled(queue: Queue, entry: OutboxEntry, blockNumber: bigint): Promise<void> {
  const { hash } = newest(entry)
  queue.onSettled(await save(queue, { ...entry, settled: { hash, blockNumber, status: 'cancelled' } }))
}

/** What waits behind another one is raised to the market and no further: more would not move it, and would be paid in the end. */
async function replace(queue: Queue, entry: OutboxEntry, isNext: boolean): Promise<void> {
  const market = await suggestedFees(queue.client, queue.maxFeePerGasCap)
  if (!isNext && newest(entry).maxFeePerGas >= market.maxFeePerGas) {
    queue.sentAtBlock.delete(newest(entry).hash)
    return
  }
  const fees = bumpedFees(newest(entry), market, queue.maxFeePerGasCap)
  if (fees instanceof FeeCapError) {
    queue.log.warn({ key: entry.key, reason: fees.message }, 'outbox.fee.cap')
    queue.sentAtBlock.delete(newest(entry).hash)
    return
  }
  const form = newest(entry).cancels
    ? await signCancel(queue, entry.nonce, fees)
    : await sign(queue, entry, fees)
  queue.replacements += 1
  queue.log.info({ key: entry.key, nonce: entry.nonce, hash: form.hash }, 'outbox.replaced')
  await broadcast(queue, await save(queue, { ...entry, forms: [...entry.forms, form] }))
}

/** None of the old forms can be mined any more, so the intent gets a nonce that nobody has used. They are kept for the record. */
async function renumber(queue: Queue, entry: OutboxEntry): Promise<void> {
  const { client, account } = queue
  const chainNonce = await client.getTransactionCount({ address: account.address })
  const bare = { ...entry, nonce: nextNonce(chainNonce, queue.entries.values()) }
  const form = await sign(queue, bare, await suggestedFees(client, queue.maxFeePerGasCap))
  queue.log.warn({ key: entry.key, taken: entry.nonce, nonce: bare.nonce }, 'outbox.nonce.taken')
  await broadcast(queue, await save(queue, { ...bare, forms: [...entry.forms, form] }))
}

export async function broadcast(queue: Queue, entry: OutboxEntry): Promise<void> {
  const { client, log } = queue
  const form = newest(entry)
  try {
    failpoint('intent.send.before')
    await client.sendRawTransaction({ serializedTransaction: form.raw })
    failpoint('intent.send.after')
    log.debug({ key: entry.key, nonce: entry.nonce, hash: form.hash }, 'outbox.sent')
  } catch (error) {
    if (!(error instanceof ViemError)) throw error
    // Known already, mined meanwhile, refused, node away: the bytes are on disk, the next round asks the chain.
    log.debug({ key: entry.key, hash: form.hash, reason: error.details }, 'outbox.not.accepted')
  }
}

async function sign(
  { account, chainId }: Queue,
  { to, data, value, gas, nonce }: Omit<OutboxEntry, 'forms'>,
  fees: Fees,
): Promise<SignedForm> {
  failpoint('intent.sign.before')
  const raw = await account.signTransaction({
    type: 'eip1559',
    chainId,
    to,
    data,
    value,
    gas,
    nonce,
    maxFeePerGas: fees.maxFeePerGas,
    maxPriorityFeePerGas: fees.maxPriorityFeePerGas,
  })
  failpoint('intent.sign.after')
  return { hash: keccak256(raw), raw, ...fees }
}

export async function save(queue: Queue, entry: OutboxEntry): Promise<OutboxEntry> {
  await queue.store.put(entry)
  queue.entries.set(entry.key, entry)
  return entry
}

/** Nothing, to the key itself: it takes the place of whatever else has that nonce. */
export async function signCancel(queue: Queue, nonce: number, fees: Fees): Promise<SignedForm> {
  const nothing = { key: '', to: queue.account.address, data: '0x', value: 0n, gas: 21_000n, nonce } as const
  return { ...(await sign(queue, nothing, fees)), cancels: true }
}

function checkSame(known: OutboxEntry, given: Pick<OutboxEntry, 'to' | 'data' | 'value'>): OutboxEntry {
  for (const field of ['to', 'data', 'value'] as const) {
    const same = String(known[field]).toLowerCase() === String(given[field]).toLowerCase()
    if (!same) throw new OutboxConflictError(known.key, field)
  }
  return known
}

export function newest(entry: OutboxEntry): SignedForm {
  // Safe: an entry is made with one form, and forms are only added.
  return entry.forms.at(-1) as SignedForm
}
