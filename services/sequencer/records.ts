import type { Address, Hash, Hex } from 'viem'
import type { Deposit } from '../../bridge/deposit.ts'
import { depositEnds, type Effect, type Relay, relayIn, withdrawalEnds } from '../../bridge/message.ts'
import type { DepositState, WithdrawalState } from '../../bridge/status.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import type { Manifest } from '../../chain/manifest.ts'

// What the store holds. The chains are the truth; every record can be made again from them.

/** A step in a message's life, stamped by the chain on which it was seen. */
export type Step<State> = {
  state: State
  chain: 'L1' | 'L2'
  blockNumber: bigint
  /** Seconds, of that block. */
  timestamp: bigint
  /** Why, where the state alone does not say it. */
  note?: string
}

export type DepositRecord = {
  kind: 'deposit'
  /** The deposit's L2 transaction hash. */
  id: Hash
  deposit: Deposit
  effect: Effect
  state: DepositState
  history: readonly Step<DepositState>[]
}

export type WithdrawalRecord = {
  kind: 'withdrawal'
  /** The withdrawal hash. */
  id: Hash
  withdrawal: Withdrawal
  effect: Effect
  state: WithdrawalState
  history: readonly Step<WithdrawalState>[]
}

export type MessageRecord = DepositRecord | WithdrawalRecord

export type L1Header = { number: bigint; hash: Hash }
export type L2Header = {
  number: bigint
  hash: Hash
  /** The newest L1 block that this L2 block knows. */
  origin: L1Header
  /** Wei that the deposits executed up to here have minted, as L2's blocks say it. */
  minted: bigint
}

/** What `eth_getProof` answered for the message passer at one block. */
export type StoredProof = {
  address: Address
  accountProof: readonly Hex[]
  balance: Hex
  codeHash: Hash
  nonce: Hex
  storageHash: Hash
  storageProof: readonly { key: Hex; value: Hex; proof: readonly Hex[] }[]
}

/** Everything that is needed to propose a block and to prove its withdrawals, taken while the node still has its state. */
export type OutputRecord = {
  number: bigint
  blockHash: Hash
  stateRoot: Hash
  storageHash: Hash
  root: Hash
  proof: StoredProof
}

/** The record in its next state; the same record when it is there already. */
export function stepped<Message extends MessageRecord>(
  record: Message,
  step: Message['history'][number],
): Message {
  if (record.state === step.state) return record
  return { ...record, state: step.state, history: [...record.history, step] }
}

/** The messengers' message within a deposit or withdrawal: only such a one can be replayed. Undefined for a plain one. */
export function relayWithin(
  { l1 }: { l1: Pick<Manifest['l1'], 'contracts'> },
  message: MessageRecord,
): Relay | undefined {
  if (message.kind === 'deposit') return relayIn(message.deposit, depositEnds(l1.contracts))
  const { target: to, sender: from, data } = message.withdrawal
  return relayIn({ to, from, data }, withdrawalEnds(l1.contracts))
}
