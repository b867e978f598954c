import { type Address, isAddressEqual, type Log, parseEventLogs, type TransactionReceipt } from 'viem'
import { l2CrossDomainMessengerAbi } from '../chain/generated/opAbi.ts'

/** States of a deposit, in the order in which it passes them. `failed` may become `replayed`. */
export const depositStates = [
  'seen',
  'confirmed',
  'intent',
  'sent',
  'included',
  'final',
  'failed',
  'replayed',
] as const
/** States of a withdrawal. `failed` may become `replayed`. */
export const withdrawalStates = [
  'seen',
  'covered',
  'prove-intent',
  'proven',
  'mature',
  'finalise-intent',
  'finalised',
  'failed',
  'replayed',
] as const
export type DepositState = (typeof depositStates)[number]
export type WithdrawalState = (typeof withdrawalStates)[number]

/** The numbers of the `MessageStatus` that @eth-optimism/sdk answers. */
export const sdkMessageStatus = {
  unconfirmedL1ToL2: 0,
  failedL1ToL2: 1,
  stateRootNotPublished: 2,
  readyToProve: 3,
  inChallengePeriod: 4,
  readyForRelay: 5,
  relayed: 6,
} as const

export function sdkDepositStatus(state: DepositState): number {
  if (state === 'failed') return sdkMessageStatus.failedL1ToL2
  if (state === 'included' || state === 'final' || state === 'replayed') return sdkMessageStatus.relayed
  return sdkMessageStatus.unconfirmedL1ToL2
}

const sdkWithdrawalStatuses: Record<WithdrawalState, number> = {
  seen: sdkMessageStatus.stateRootNotPublished,
  covered: sdkMessageStatus.readyToProve,
  'prove-intent': sdkMessageStatus.readyToProve,
  proven: sdkMessageStatus.inChallengePeriod,
  mature: sdkMessageStatus.readyForRelay,
  'finalise-intent': sdkMessageStatus.readyForRelay,
  finalised: sdkMessageStatus.relayed,
  // The SDK has no word for a failed withdrawal: it goes on calling it ready.
  failed: sdkMessageStatus.readyForRelay,
  replayed: sdkMessageStatus.relayed,
}

export function sdkWithdrawalStatus(state: WithdrawalState): number {
  return sdkWithdrawalStatuses[state]
}

export type L2Outcome = Pick<TransactionReceipt, 'status' | 'to' | 'logs'>

/**
 * Whether a deposit did on L2 what it was sent for. A message that the messenger could not deliver leaves
 * FailedRelayedMessage behind and a status of 1: it has failed all the same.
 */
export function depositSucceeded(receipt: L2Outcome, messenger: Address): boolean {
  if (receipt.status !== 'success') return false
  if (receipt.to === null || !isAddressEqual(receipt.to, messenger)) return true
  return relayOutcome(receipt.logs, messenger) !== 'failed'
}

export type DepositFacts = {
  /** The L2 receipt of the deposit's transaction, absent while L2 has not executed it. */
  receipt: L2Outcome | undefined
  /** Whether L1 can no longer take back the block of the deposit. */
  l1Final: boolean
  /** Whether the messenger delivered the message later, by another relayMessage; only read where it failed. */
  replayed?: boolean
}

/** The state of a deposit that L1 holds, from the facts of both chains alone. */
export function depositState(
  { receipt, l1Final, replayed = false }: DepositFacts,
  messenger: Address,
): DepositState {
  if (receipt === undefined) return 'seen'
  if (!depositSucceeded(receipt, messenger)) return replayed ? 'replayed' : 'failed'
  return l1Final ? 'final' : 'included'
}

export type WithdrawalFacts = {
  /** Whether L1 holds an output root for a block at or after the withdrawal's. */
  covered: boolean
  /** L1 time of the proof, 0 or absent while there is none. */
  provenAt: bigint | undefined
  /** L1 time at which the output that was proven against was proposed. */
  proposedAt: bigint | undefined
  finalised: boolean
  /** Whether the call on L1 succeeded; only read once finalised. */
  delivered: boolean
  /** Whether a failed message was delivered by a later relayMessage. */
  replayed: boolean
}

export type Maturity = { l1Time: bigint; finalizationPeriodSeconds: bigint }

/** The state of a withdrawal that L2 holds, from the facts of both chains alone. Time is L1's, never the local clock's. */
export function withdrawalState(facts: WithdrawalFacts, maturity: Maturity): WithdrawalState {
  if (facts.finalised) {
    if (facts.replayed) return 'replayed'
    return facts.delivered ? 'finalised' : 'failed'
  }
  if (facts.provenAt !== undefined && facts.provenAt > 0n) {
    return isMature(facts, maturity) ? 'mature' : 'proven'
  }
  return facts.covered ? 'covered' : 'seen'
}

/**
 * Whether the block after this one may finalise: the portal asks there that both the proof and the proposal be older than the
 * period.
 */
export function isMature(
  { provenAt, proposedAt }: Pick<WithdrawalFacts, 'provenAt' | 'proposedAt'>,
  { l1Time, finalizationPeriodSeconds }: Maturity,
): boolean {
  if (provenAt === undefined || proposedAt === undefined || provenAt === 0n) return false
  return l1Time - provenAt >= finalizationPeriodSeconds && l1Time - proposedAt >= finalizationPeriodSeconds
}

function relayOutcome(logs: readonly Log[], messenger: Address): 'relayed' | 'failed' | undefined {
  const own = logs.filter((log) => isAddressEqual(log.address, messenger))
  const events = parseEventLogs({ abi: l2CrossDomainMessengerAbi, logs: own })
  if (events.some(({ eventName }) => eventName === 'RelayedMessage')) return 'relayed'
  return events.some(({ eventName }) => eventName === 'FailedRelayedMessage') ? 'failed' : undefined
}
