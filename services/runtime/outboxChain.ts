import {
  type Address,
  type PublicClient,
  TransactionNotFoundError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  BaseError as ViemError,
} from 'viem'
import { mayRetry } from './loop.ts'
import type { Intent } from './outbox.ts'
import { FeeCapError, IntentRevertsError, OutboxFundsError } from './outboxErrors.ts'
import type { OutboxEntry, SignedForm } from './store.ts'

// What the outbox asks of a chain, and the fees and nonces it decides on.

export type Fees = Pick<SignedForm, 'maxFeePerGas' | 'maxPriorityFeePerGas'>

/** Nodes refuse a replacement under 10 %. */
const bumpPercent = 112n
const gasHeadroomPercent = 120n

export async function suggestedFees(client: PublicClient, cap: bigint): Promise<Fees> {
  const { maxFeePerGas, maxPriorityFeePerGas } = await client.estimateFeesPerGas()
  const most = least(maxFeePerGas, cap)
  return { maxFeePerGas: most, maxPriorityFeePerGas: least(maxPriorityFeePerGas, most) }
}

/** Fees with which a node takes `form`'s replacement, or why there are none. */
export function bumpedFees(form: SignedForm, market: Fees, cap: bigint): Fees | FeeCapError {
  const maxFeePerGas = greatest(raised(form.maxFeePerGas), market.maxFeePerGas)
  const maxPriorityFeePerGas = greatest(raised(form.maxPriorityFeePerGas), market.maxPriorityFeePerGas)
  if (maxFeePerGas > cap) return new FeeCapError(form.hash, maxFeePerGas, cap)
  return { maxFeePerGas, maxPriorityFeePerGas: least(maxPriorityFeePerGas, maxFeePerGas) }
}

/** Above all that was ever signed: two intents never share a nonce, and a stored one is always sent again. */
export function nextNonce(chainNonce: number, entries: Iterable<Pick<OutboxEntry, 'nonce'>>): number {
  let next = chainNonce
  for (const { nonce } of entries) next = Math.max(next, nonce + 1)
  return next
}

export async function estimatedGas(client: PublicClient, account: Address, intent: Intent): Promise<bigint> {
  const { key, to, data, value = 0n } = intent
  try {
    const gas = await client.estimateGas({ account, to, data, value })
    return (gas * gasHeadroomPercent) / 100n
  } catch (cause) {
    // Nodes that are away, or of several minds, have said nothing of the transaction.
    if (!(cause instanceof ViemError) || mayRetry(cause)) throw cause
    throw new IntentRevertsError(key, cause)
  }
}

export async function checkFunds(client: PublicClient, account: Address, neededWei: bigint): Promise<void> {
  const balance = await client.getBalance({ address: account })
  if (balance < neededWei) throw new OutboxFundsError(account, balance, neededWei)
}

/** Forms of one entry share a nonce, so at most one of them has a receipt. */
export async function receiptOfAny(
  client: PublicClient,
  forms: readonly SignedForm[],
): Promise<TransactionReceipt | undefined> {
  for (const { hash } of forms.toReversed()) {
    try {
      return await client.getTransactionReceipt({ hash })
    } catch (error) {
      if (!(error instanceof TransactionReceiptNotFoundError)) throw error
    }
  }
  return undefined
}

export async function isKnown(client: PublicClient, { hash }: SignedForm): Promise<boolean> {
  try {
    await client.getTransaction({ hash })
    return true
  } catch (error) {
    if (error instanceof TransactionNotFoundError) return false
    throw error
  }
}

function raised(fee: bigint): bigint {
  return (fee * bumpPercent) / 100n + 1n
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

function greatest(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
