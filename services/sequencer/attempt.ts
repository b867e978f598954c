import type { TransactionReceipt } from 'viem'
import type { Outbox } from '../runtime/outbox.ts'
import type { OutboxEntry } from '../runtime/store.ts'

/** The try of an effect that counts now: what is on its way, or the key under which a new one may be sent. */
export type Attempt = { key: string; entry: OutboxEntry | undefined }

/**
 * An effect may need several transactions, because one that reverted has used up its key. At most one of them is on its way,
 * and a new one begins only once the one before it is settled as reverted.
 */
export function currentAttempt(outbox: Pick<Outbox, 'lookup'>, effect: string): Attempt {
  for (let number = 0; ; number++) {
    const key = `${effect}#${number}`
    const entry = outbox.lookup(key)
    if (entry?.settled?.status !== 'reverted') return { key, entry }
  }
}

/** Whether a transaction for this effect is on its way. */
export function isUnderWay(outbox: Pick<Outbox, 'lookup'>, effect: string): boolean {
  const { entry } = currentAttempt(outbox, effect)
  return entry !== undefined && entry.settled === undefined
}

/** Waits for a transaction that is on its way, exactly as it was stored. */
export function rejoin(outbox: Outbox, entry: OutboxEntry): Promise<TransactionReceipt> {
  const { key, to, data, value, gas } = entry
  return outbox.send({ key, to, data, value, gas })
}
