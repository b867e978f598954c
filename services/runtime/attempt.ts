import type { TransactionReceipt } from 'viem'
import type { Intent, Outbox } from './outbox.ts'
import type { OutboxEntry } from './store.ts'

/** The try of an effect that counts now: what is on its way, or the key under which a new one may be sent. */
type Attempt = { key: string; entry: OutboxEntry | undefined }

/**
 * An effect may need several transactions: one that reverted or was cancelled has used up its key, and one that succeeded may have been undone,
 * as when the challenger deletes an output and with it what stood on it. At most one of them is on its way, and a new one begins only
 * once the one before it is settled, and either had no effect or lies no later than `missingAt`, the L1 block that lacks the effect.
 */
function currentAttempt(outbox: Pick<Outbox, 'lookup'>, effect: string, missingAt: bigint): Attempt {
  for (let number = 0; ; number++) {
    const key = `${effect}#${number}`
    const entry = outbox.lookup(key)
    const settled = entry?.settled
    const isSpent =
      settled !== undefined && (settled.status !== 'success' || settled.blockNumber <= missingAt)
    if (!isSpent) return { key, entry }
  }
}

/** Whether a transaction for this effect, which the L1 block `missingAt` lacks, is on its way. */
export function isUnderWay(outbox: Pick<Outbox, 'lookup'>, effect: string, missingAt: bigint): boolean {
  const { entry } = currentAttempt(outbox, effect, missingAt)
  return entry !== undefined && entry.settled === undefined
}

/**
 * Sends what brings about an effect that the L1 block `missingAt` lacks, and waits for its receipt. An attempt on its way is
 * joined, exactly as it was stored. Undefined where one has settled later than that block: nothing is left to do.
 */
export async function sendOnce(
  outbox: Outbox,
  { effect, missingAt }: { effect: string; missingAt: bigint },
  intent: Omit<Intent, 'key'>,
): Promise<TransactionReceipt | undefined> {
  const { key, entry } = currentAttempt(outbox, effect, missingAt)
  if (entry?.settled !== undefined) return undefined
  if (entry === undefined) return outbox.send({ ...intent, key })
  const { to, data, value, gas } = entry
  return outbox.send({ key, to, data, value, gas })
}
