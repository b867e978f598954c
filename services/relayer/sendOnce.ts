import type { Address, Hash, Hex } from 'viem'
import type { Outbox } from '../runtime/outbox.ts'
import { TransactionRevertedError } from './errors.ts'

export type Effect = { key: string; to: Address; data: Hex; gas: bigint }

/**
 * Sends a transaction for an effect that the chain was just seen to lack. One that is on its way already is joined as it was stored:
 * other signatures of the same quorum make other bytes of the same effect. A key whose transaction reverted is spent without
 * effect; the next attempt takes a key of its own.
 */
export async function sendOnce(outbox: Outbox, { key, ...call }: Effect): Promise<Hash> {
  let attempt = 1
  while (outbox.lookup(`${key}/${attempt}`)?.settled?.status === 'reverted') attempt += 1
  const stored = outbox.lookup(`${key}/${attempt}`)
  const { to, data, gas } = stored ?? call
  const receipt = await outbox.send({ key: `${key}/${attempt}`, to, data, gas })
  if (receipt.status === 'reverted') throw new TransactionRevertedError(key, receipt.transactionHash)
  return receipt.transactionHash
}
