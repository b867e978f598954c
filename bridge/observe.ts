import {
  type Address,
  getAbiItem,
  type Hash,
  isAddressEqual,
  type PublicClient,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  toEventSelector,
} from 'viem'
import { predeploys } from '../chain/generated/addresses.ts'
import {
  l1CrossDomainMessengerAbi,
  l2CrossDomainMessengerAbi,
  l2OutputOracleAbi,
  l2ToL1MessagePasserAbi,
  optimismPortalAbi,
} from '../chain/generated/opAbi.ts'
import { type LogFilter, type LoggingBlock, logsOfBlock } from './blockLogs.ts'
import { type Deposit, decodeDeposit, depositTopic, type MinedLog } from './deposit.ts'
import { FinalisationNotShownError } from './errors.ts'
import { type Relay, relayHash, relayOf } from './message.ts'
import { type OracleFacts, readOracle } from './oracleFacts.ts'
import {
  type DepositState,
  depositState,
  depositSucceeded,
  type WithdrawalFacts,
  type WithdrawalState,
  withdrawalState,
} from './status.ts'
import { decodeWithdrawal, type Withdrawal } from './withdrawal.ts'

// Reads the facts that a state is made of. Both chains are asked; nothing is remembered.

export type L1Contracts = {
  OptimismPortal: Address
  L2OutputOracle: Address
  L1CrossDomainMessenger: Address
}

export const withdrawalTopic = eventTopic(l2ToL1MessagePasserAbi, 'MessagePassed')
/** What logs the withdrawals of L2. */
export const withdrawalLogs: LogFilter = {
  address: predeploys.L2ToL1MessagePasser,
  topic: withdrawalTopic,
}

/** The deposits of one L1 block, in the order of their logs. */
export async function depositsOfBlock(
  l1: PublicClient,
  { portal, block }: { portal: Address; block: LoggingBlock },
): Promise<Deposit[]> {
  const logs = await logsOfBlock(l1, block, { address: portal, topic: depositTopic })
  return logs.map((log) => decodeDeposit(log))
}

/** The withdrawals of one L2 block, in the order of their logs. */
export async function withdrawalsOfBlock(l2: PublicClient, block: LoggingBlock): Promise<Withdrawal[]> {
  const logs = await logsOfBlock(l2, block, withdrawalLogs)
  return logs.map((log) => decodeWithdrawal(log))
}

/** The withdrawals of a range of L2 blocks, in order. */
export async function withdrawalsBetween(
  l2: PublicClient,
  range: { fromBlock: bigint; toBlock: bigint },
): Promise<Withdrawal[]> {
  const logs = await l2.getLogs({ address: predeploys.L2ToL1MessagePasser, ...range })
  return logs.filter(({ topics }) => topics[0] === withdrawalTopic).map((log) => decodeWithdrawal(log))
}

/** The deposits that an L1 transaction made, in order. */
export function depositsOf(receipt: TransactionReceipt, portal: Address): Deposit[] {
  return logsOf(receipt, portal, depositTopic).map((log) => decodeDeposit(log))
}

/** The withdrawals that an L2 transaction began, in order. */
export function withdrawalsOf(receipt: TransactionReceipt): Withdrawal[] {
  return logsOf(receipt, predeploys.L2ToL1MessagePasser, withdrawalTopic).map((log) => decodeWithdrawal(log))
}

/** The receipt, or undefined while no block holds the transaction. */
export async function receiptOf(client: PublicClient, hash: Hash): Promise<TransactionReceipt | undefined> {
  try {
    return await client.getTransactionReceipt({ hash })
  } catch (error) {
    if (error instanceof TransactionReceiptNotFoundError) return undefined
    throw error
  }
}

export async function readDepositState(
  clients: { l1: PublicClient; l2: PublicClient },
  deposit: Deposit,
): Promise<DepositState> {
  const [receipt, finalHead] = await Promise.all([
    receiptOf(clients.l2, deposit.hash),
    clients.l1.getBlock({ blockTag: 'finalized' }),
  ])
  const l1Final = finalHead.number >= deposit.origin.blockNumber
  // One that reverted is no message of the messengers': it may only repeat the words of one that was delivered.
  const isFailedRelay =
    receipt?.status === 'success' && !depositSucceeded(receipt, predeploys.L2CrossDomainMessenger)
  const relay = isFailedRelay ? relayOf(deposit.data) : undefined
  const replayed = relay !== undefined && (await readRelayOutcome(clients.l2, relay)).delivered
  return depositState({ receipt, l1Final, replayed }, predeploys.L2CrossDomainMessenger)
}

/** What L2's messenger says of a message: whether it was delivered, and whether it failed and may be tried again. */
export async function readRelayOutcome(
  l2: PublicClient,
  relay: Relay,
): Promise<{ delivered: boolean; failed: boolean }> {
  const read = {
    address: predeploys.L2CrossDomainMessenger,
    abi: l2CrossDomainMessengerAbi,
    args: [relayHash(relay)],
  } as const
  const [delivered, failed] = await Promise.all([
    l2.readContract({ ...read, functionName: 'successfulMessages' }),
    l2.readContract({ ...read, functionName: 'failedMessages' }),
  ])
  return { delivered, failed }
}

/** What logs the delivery of these messages on L2. */
export const relayLogs = (msgHashes: readonly Hash[]): LogFilter => ({
  address: predeploys.L2CrossDomainMessenger,
  topic: toEventSelector(relayedMessages.event),
  subjects: msgHashes,
})

const relayedMessages = {
  address: predeploys.L2CrossDomainMessenger,
  event: getAbiItem({ abi: l2CrossDomainMessengerAbi, name: 'RelayedMessage' }),
  strict: true,
} as const

/** Which of these messages L2's messenger delivered in a block. */
export async function relayedInBlock(
  l2: PublicClient,
  { block, msgHashes }: { block: LoggingBlock; msgHashes: readonly Hash[] },
): Promise<Hash[]> {
  const logs = await logsOfBlock(l2, block, relayLogs(msgHashes))
  return logs.flatMap(({ topics: [, msgHash] }) => (msgHash === undefined ? [] : [msgHash]))
}

export type Relayed = { msgHash: Hash; blockNumber: bigint }

/** Which of these messages L2's messenger delivered in a range of blocks, and where. */
export async function relayedBetween(
  l2: PublicClient,
  { msgHashes, ...range }: { msgHashes: readonly Hash[]; fromBlock: bigint; toBlock: bigint },
): Promise<Relayed[]> {
  const logs = await l2.getLogs({ ...relayedMessages, ...range, args: { msgHash: [...msgHashes] } })
  return logs.map(({ args: { msgHash }, blockNumber }) => ({ msgHash, blockNumber }))
}

/** What L1 knows of one withdrawal, read at one block. */
export async function readWithdrawalFacts(
  l1: PublicClient,
  {
    contracts,
    withdrawal,
    blockNumber,
    oracle = readOracle(l1, { contracts, blockNumber }),
  }: WithdrawalQuery,
): Promise<WithdrawalFacts & { outputIndex: bigint | undefined }> {
  const at = blockNumber === undefined ? {} : { blockNumber }
  const portal = { address: contracts.OptimismPortal, abi: optimismPortalAbi, ...at } as const
  const [[root, provenAt, outputIndex], finalised, { nextIndex, latestBlock, outputAt }] = await Promise.all([
    l1.readContract({ ...portal, functionName: 'provenWithdrawals', args: [withdrawal.hash] }),
    l1.readContract({ ...portal, functionName: 'finalizedWithdrawals', args: [withdrawal.hash] }),
    oracle,
  ])
  const covered = nextIndex > 0n && latestBlock >= withdrawal.origin.blockNumber
  const unproven = { covered, provenAt: undefined, proposedAt: undefined, outputIndex: undefined }
  if (finalised) {
    const delivery = await deliveryOf(l1, { contracts, withdrawal, blockNumber })
    // A node that is just making the next block may mix its state into an answer. Nobody is told that money was lost on one word.
    const isSo =
      delivery.delivered ||
      (await l1.readContract({ ...portal, functionName: 'finalizedWithdrawals', args: [withdrawal.hash] }))
    if (isSo) return { ...unproven, finalised, ...delivery }
  }
  const rest = { finalised: false, delivered: false, replayed: false }
  if (provenAt === 0n || outputIndex >= nextIndex) return { ...unproven, ...rest }

  const output = await outputAt(outputIndex)
  // The output that was proven against was deleted and another stands in its place: it has to be proven again.
  if (output.outputRoot !== root) return { ...unproven, ...rest }
  return { covered, provenAt, proposedAt: output.timestamp, outputIndex, ...rest }
}

export type WithdrawalQuery = {
  contracts: L1Contracts
  withdrawal: Withdrawal
  /** The L1 block to read at; the latest one when absent. */
  blockNumber?: bigint | undefined
  /** What the oracle says at that block, where it was asked already: it is the same for all withdrawals. */
  oracle?: OracleFacts | Promise<OracleFacts>
}

export async function readWithdrawalState(
  l1: PublicClient,
  { contracts, withdrawal }: WithdrawalQuery,
): Promise<WithdrawalState> {
  const [facts, block, finalizationPeriodSeconds] = await Promise.all([
    readWithdrawalFacts(l1, { contracts, withdrawal }),
    l1.getBlock(),
    l1.readContract({
      address: contracts.L2OutputOracle,
      abi: l2OutputOracleAbi,
      functionName: 'FINALIZATION_PERIOD_SECONDS',
    }),
  ])
  return withdrawalState(facts, { l1Time: block.timestamp, finalizationPeriodSeconds })
}

/** Whether a finalised withdrawal reached its target: the messenger's word where it went through one, else the portal's event. */
async function deliveryOf(
  l1: PublicClient,
  { contracts, withdrawal, blockNumber }: WithdrawalQuery,
): Promise<{ delivered: boolean; replayed: boolean }> {
  const messenger = contracts.L1CrossDomainMessenger
  // Anybody may send the messenger a relay that was delivered before; only L2's messenger speaks for one.
  const isRelay =
    isAddressEqual(withdrawal.target, messenger) &&
    isAddressEqual(withdrawal.sender, predeploys.L2CrossDomainMessenger)
  const relay = isRelay ? relayOf(withdrawal.data) : undefined
  if (relay === undefined) {
    const events = await l1.getContractEvents({
      address: contracts.OptimismPortal,
      abi: optimismPortalAbi,
      eventName: 'WithdrawalFinalized',
      args: { withdrawalHash: withdrawal.hash },
      fromBlock: 0n,
      strict: true,
    })
    // It is finalised, so there is one: nobody is told that money was lost because a node left it out.
    if (events.length === 0) throw new FinalisationNotShownError(withdrawal.hash)
    return { delivered: events.some(({ args }) => args.success), replayed: false }
  }
  const at = blockNumber === undefined ? {} : { blockNumber }
  const read = {
    address: messenger,
    abi: l1CrossDomainMessengerAbi,
    args: [relayHash(relay)],
    ...at,
  } as const
  const [successful, failed] = await Promise.all([
    l1.readContract({ ...read, functionName: 'successfulMessages' }),
    l1.readContract({ ...read, functionName: 'failedMessages' }),
  ])
  return { delivered: successful, replayed: successful && failed }
}

function logsOf({ logs }: TransactionReceipt, address: Address, topic: Hash): MinedLog[] {
  return logs.filter((log) => isAddressEqual(log.address, address) && log.topics[0] === topic)
}

type AbiWithEvents = typeof optimismPortalAbi | typeof l2ToL1MessagePasserAbi

function eventTopic<const abi extends AbiWithEvents>(
  abi: abi,
  name: Extract<abi[number], { type: 'event' }>['name'],
): Hash {
  const [event] = [...abi].filter((item) => item.type === 'event' && item.name === name)
  // Safe: the type of `name` admits events of this ABI only.
  return toEventSelector(event as Extract<AbiWithEvents[number], { type: 'event' }>)
}
