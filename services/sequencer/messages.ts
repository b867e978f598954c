import type { TransactionReceipt } from 'viem'
import type { Deposit } from '../../bridge/deposit.ts'
import { type Ends, effectOf } from '../../bridge/message.ts'
import { depositSucceeded, type L2Outcome } from '../../bridge/status.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { type DepositRecord, stepped, type WithdrawalRecord } from './records.ts'

// What the two ways of reading the chains, block by block and in bulk, make of a message.

export type Place<Chain extends 'L1' | 'L2'> = { chain: Chain; blockNumber: bigint; timestamp: bigint }

/** A deposit as L1 holds it, before L2 has executed anything. */
export function notedDeposit(deposit: Deposit, at: Place<'L1'>, ends: Ends): DepositRecord {
  const history = (['seen', 'confirmed', 'intent'] as const).map((state) => ({ state, ...at }))
  const effect = effectOf(deposit, ends)
  return { kind: 'deposit', id: deposit.hash, deposit, effect, state: 'intent', history }
}

export type Execution = {
  receipt: L2Outcome
  /** Whether L2 executed what is left of it, `mintOnly`, in its place. */
  inPlace: boolean
}

/** The deposit with what became of it on L2. */
export function executedDeposit(
  record: DepositRecord,
  { receipt, inPlace }: Execution,
  at: Place<'L2'>,
): DepositRecord {
  if (!inPlace && depositSucceeded(receipt, predeploys.L2CrossDomainMessenger)) {
    return stepped(record, { state: 'included', ...at })
  }
  const note = inPlace ? 'L2 can not execute it; its sender kept the mint' : failureOf(receipt)
  return stepped(record, { state: 'failed', note, ...at })
}

function failureOf({ status }: Pick<TransactionReceipt, 'status'>): string {
  return status === 'success'
    ? 'the messenger could not deliver it: FailedRelayedMessage'
    : "its call reverted; it is no message that the messenger holds, so it can't be replayed"
}

export function begunWithdrawal(withdrawal: Withdrawal, at: Place<'L2'>, ends: Ends): WithdrawalRecord {
  return {
    kind: 'withdrawal',
    id: withdrawal.hash,
    withdrawal,
    effect: effectOf({ ...withdrawal, to: withdrawal.target, from: withdrawal.sender }, ends),
    state: 'seen',
    history: [{ state: 'seen', ...at }],
  }
}
