import type { Address, Hash, Hex } from 'viem'
import type { Outbox } from '../runtime/outbox.ts'
import { TransactionRevertedError } from './errors.ts'

export type Effect = { key: string; to: Address; data: Hex; gas: bigint }

/**
 * Sends a transaction for an effect that the chain was just seen to lack. A key whose transaction reverted is spent
 * without effect; the next attempt takes a key of its own.
 */
export async function sendOnce(outbox: Outbox, { key, ...call }: Effect): Promise<Hash> {
  let attempt = 1
  while (outbox.lookup(`${key}/${attempt}`)?.settled?.status === 'reverted') attempt += 1
  const receipt = await outbox.send({ key: `${key}/${attempt}`, ...call })
  if (receipt.status === 'reverted') throw new TransactionRevertedError(key, receipt.transactionHash)
  return receipt.transactionHash
}
