import {
  type Address,
  type Hex,
  type LocalAccount,
  type PublicClient,
  type TransactionReceipt,
  BaseError as ViemError,
} from 'viem'
import type { Log } from './log.ts'
import { mayRetry } from './loop.ts'
import { mutex } from './mutex.ts'
import { receiptOfAny } from './outboxChain.ts'
import { IntentCancelledError, OutboxIdentityError, OutboxStoppedError } from './outboxErrors.ts'
import { cancelNonce, fillGaps, fillLastingGaps, type Nonces, readNonces } from './outboxNonces.ts'
import { enqueue, type Queue, round } from './outboxQueue.ts'
import { sleep } from './sleep.ts'
import type { OutboxEntry, OutboxStore } from './store.ts'

/*
 * A durable queue of transactions signed by one key. Each idempotency key has exactly one effect on the chain:
 *
 * 1. An entry (key, nonce, signed bytes) is on disk before its bytes leave the process. A kill before the write leaves nothing; a
 *    kill after it leaves bytes that are sent again, and the same bytes twice are harmless: they share hash and nonce.
 * 2. A replacement is another form of the same entry under the same nonce, stored before it is sent: the chain takes one.
 * 3. An entry gets another nonce only when, at a finalised block, the chain has used its nonce for a foreign transaction:
 *    then none of the old forms can ever be mined.
 * 4. A cancellation is one more form of the same entry, an empty one. The intent counts as without effect once that form is settled,
 *    and not before: until then the chain may still take another one.
 * 5. An entry is settled only by a block that can't be lost. Should the chain go back even so, the nonces of settled
 *    entries lie above the chain's: those entries are open again, and the same bytes are sent again.
 * 6. A nonce below what waits that no entry has, because a foreign transaction had it and the chain gave that up, gets an entry
 *    without effect. Whichever of the two the chain then takes, what waits goes on.
 */

export type Intent = {
  /** Idempotency key: names the effect, for ever. */
  key: string
  /** Null makes a contract of `data`. */
  to: Address | null
  data: Hex
  /** Wei. */
  value?: bigint
  /** Estimated when absent. */
  gas?: bigint
}

export type Outbox = {
  readonly address: Address
  /**
   * Stores, sends, and waits until the transaction is settled. The receipt may say `reverted`: that key is then spent. Throws
   * IntentCancelledError where the operator has taken it back.
   */
  send(intent: Intent): Promise<TransactionReceipt>
  /** What is known of an intent; nothing is sent. */
  lookup(key: string): OutboxEntry | undefined
  /** Every intent that was ever stored, settled ones too. */
  entries(): Iterable<OutboxEntry>
  /** Intents on their way. */
  pending(): number
  /** Replacements made by this process. */
  replacements(): number
  /** What waits at which nonce, and how the chain counts them. */
  nonces(): Promise<Nonces>
  /** Puts nothing in the place of what waits at a nonce. Throws NonceNotOpenError, FeeCapError. */
  cancel(nonce: number): Promise<OutboxEntry>
  /** Fills the nonces below what waits that nothing stands for, here or in the node's pool, and answers them. */
  fillGaps(): Promise<number[]>
  close(): Promise<void>
}

export type OutboxParameters = {
  client: PublicClient
  account: LocalAccount
  /** Closed together with the outbox. */
  store: OutboxStore
  log: Log
  signal: AbortSignal
  /** The highest block that the chain can't lose by a restart; the latest one when absent. */
  safeHead?: () => Promise<bigint>
  /** The most that a unit of gas may cost, in wei. */
  maxFeePerGasCap?: bigint
  /** Blocks that may pass without the transaction before it is replaced. */
  stuckBlocks?: bigint
  pollMs?: number
}

type Waiter = { resolve: (receipt: TransactionReceipt) => void; reject: (error: unknown) => void }

/** Opens the queue of one key. Intents of an earlier run are taken up at once, whether or not anybody asks for them. */
export async function openOutbox(parameters: OutboxParameters): Promise<Outbox> {
  const { client, account, store, log, pollMs = 200 } = parameters
  const waiters = new Map<string, Waiter[]>()
  const queue = await openQueue(parameters, (entry, receipt) => {
    for (const { resolve, reject } of waiters.get(entry.key) ?? []) {
      if (receipt === undefined || entry.settled?.status === 'cancelled')
        reject(new IntentCancelledError(entry.key))
      else resolve(receipt)
    }
    waiters.delete(entry.key)
  })
  const closing = new AbortController()
  const signal = AbortSignal.any([parameters.signal, closing.signal])
  const exclusive = mutex()

  const step = () => exclusive(async () => fillLastingGaps(queue, await round(queue)))
  const pumping = pump({ signal, log, pollMs, step }).then(
    () => rejectAll(waiters, (key) => new OutboxStoppedError(key)),
    (error: unknown) => {
      closing.abort()
      rejectAll(waiters, () => error)
    },
  )

  return {
    address: account.address,
    send: async (intent) => {
      if (signal.aborted) throw new OutboxStoppedError(intent.key)
      const { settled, forms } = await exclusive(() => enqueue(queue, intent))
      if (settled?.status === 'cancelled') throw new IntentCancelledError(intent.key)
      const receipt = settled === undefined ? undefined : await receiptOfAny(client, forms)
      if (receipt !== undefined) return receipt
      return new Promise((resolve, reject) => {
        if (signal.aborted) reject(new OutboxStoppedError(intent.key))
        waiters.set(intent.key, [...(waiters.get(intent.key) ?? []), { resolve, reject }])
      })
    },
    lookup: (key) => queue.entries.get(key),
    entries: () => queue.entries.values(),
    pending: () => [...queue.entries.values()].filter(({ settled }) => settled === undefined).length,
    replacements: () => queue.replacements,
    nonces: () => exclusive(() => readNonces(queue)),
    cancel: (nonce) => exclusive(() => cancelNonce(queue, nonce)),
    fillGaps: () => exclusive(() => fillGaps(queue)),
    close: async () => {
      closing.abort()
      await pumping
      await exclusive(() => store.close())
    },
  }
}

async function openQueue(parameters: OutboxParameters, onSettled: Queue['onSettled']): Promise<Queue> {
  const { client, account, store, log } = parameters
  const { maxFeePerGasCap = 500_000_000_000n, stuckBlocks = 6n } = parameters
  // Block 1 names the chain: an anvil that loads a state may answer a block 0 of its own making.
  const [chainId, first] = await Promise.all([client.getChainId(), client.getBlock({ blockNumber: 1n })])
  await bind(store, `chain ${chainId}, block 1 ${first.hash}, key ${account.address}`)
  const entries = new Map((await store.entries()).map((entry) => [entry.key, entry]))
  const safeHead = parameters.safeHead ?? (() => client.getBlockNumber({ cacheTime: 0 }))
  const state = {
    chainId,
    entries,
    sentAtBlock: new Map(),
    gapAtBlock: new Map(),
    replacements: 0,
    onSettled,
  }
  return { client, account, store, log, safeHead, maxFeePerGasCap, stuckBlocks, ...state }
}

async function bind(store: OutboxStore, identity: string): Promise<void> {
  const stored = await store.identity()
  if (stored === undefined) return store.bind(identity)
  if (stored !== identity) throw new OutboxIdentityError(store.folder, stored, identity)
}

type PumpParameters = { signal: AbortSignal; log: Log; pollMs: number; step: () => Promise<void> }

async function pump({ signal, log, pollMs, step }: PumpParameters): Promise<void> {
  while (!signal.aborted) {
    try {
      await step()
    } catch (error) {
      // A node may be away or answer nonsense while it restarts; whatever is not its fault is a bug and ends the queue.
      if (!mayRetry(error) && !(error instanceof ViemError)) throw error
      log.warn({ err: error }, 'outbox.retry')
    }
    await sleep(pollMs, signal)
  }
}

function rejectAll(waiters: Map<string, Waiter[]>, reason: (key: string) => unknown): void {
  for (const [key, list] of waiters) for (const { reject } of list) reject(reason(key))
  waiters.clear()
}
