import {
  type Address,
  type Hash,
  type Hex,
  hexToBigInt,
  type Log as MinedLog,
  type PublicClient,
  RpcRequestError,
  BaseError as ViemError,
  zeroAddress,
} from 'viem'
import { admits, type LogFilter, type LoggingBlock } from '../../bridge/blockLogs.ts'
import {
  type Deposit,
  decodeAttributes,
  decodeDeposit,
  depositHash,
  depositTopic,
  mintOnly,
} from '../../bridge/deposit.ts'
import { depositEnds, relayHash, withdrawalEnds } from '../../bridge/message.ts'
import {
  relayedBetween,
  relayedInBlock,
  relayLogs,
  withdrawalLogs,
  withdrawalsBetween,
  withdrawalsOfBlock,
} from '../../bridge/observe.ts'
import { opConstants } from '../../chain/generated/addresses.ts'
import { HistoryIncompleteError } from './errors.ts'
import { inTurn } from './inTurn.ts'
import { begunWithdrawal, executedDeposit, notedDeposit, type Place } from './messages.ts'
import { type Network, request } from './network.ts'
import {
  type DepositRecord,
  type L1Header,
  type MessageRecord,
  relayWithin,
  stepped,
  type WithdrawalRecord,
} from './records.ts'

/*
 * The messages of a page of L2 blocks: the receipts of those with deposits in them, the deposits of the L1 blocks that they are built on, the
 * withdrawals that they began. The two chains check each other: L2 has executed exactly the deposits that L1 shows, so
 * logs that a node left out are noticed.
 */

type Transaction = { hash: Hash; type: Hex; from: Address; to: Address | null; input: Hex; mint?: Hex }
export type RawBlock = {
  number: Hex
  hash: Hash
  parentHash: Hash
  receiptsRoot: Hash
  logsBloom: Hex
  timestamp: Hex
  transactions: readonly Transaction[]
}

/** `begins` where it is the first block on an L1 block. */
export type PageBlock = {
  block: RawBlock
  origin: L1Header
  begins: (L1Header & { timestamp: bigint }) | undefined
}

export type Page = {
  blocks: readonly PageBlock[]
  /** What L1 has finalised. */
  final: Place<'L1'>
}

/** What both chains say of a page by itself, whatever was read before it. */
export type PageSides = {
  logs: readonly Deposit[]
  /** By its hash, what L2 has executed in deposit transactions, but for the words with which a block begins. */
  executions: ReadonlyMap<Hash, Execution>
  withdrawals: readonly WithdrawalRecord[]
}

/** Throws HistoryIncompleteError where a node leaves out a receipt. */
export async function readSides(network: Network, page: Page): Promise<PageSides> {
  const [logs, executions, withdrawals] = await Promise.all([
    depositLogs(network, page),
    executionsOf(network, page),
    begunIn(network, page),
  ])
  return { logs, executions, withdrawals }
}

/** The page's messages, once those of the pages before it are known. Throws HistoryIncompleteError where the chains do not show the same deposits. */
export async function readMessages(network: Network, page: Page, sides: PageSides): Promise<MessageRecord[]> {
  const deposits = joined(network, page, sides)
  return [...deposits, ...sides.withdrawals, ...(await replayed(network, page, deposits))]
}

function rangeOf({ blocks }: Page): { fromBlock: bigint; toBlock: bigint } {
  const [first, last] = [blocks.at(0), blocks.at(-1)]
  return { fromBlock: BigInt(first?.block.number ?? 0), toBlock: BigInt(last?.block.number ?? 0) }
}

/** The deposits that failed, on this page or before it, and that somebody delivered in it after all. */
async function replayed(
  network: Network,
  page: Page,
  deposits: readonly DepositRecord[],
): Promise<DepositRecord[]> {
  const failed = [...network.open.values(), ...deposits].flatMap((message) => {
    const relay = message.state === 'failed' ? relayWithin(network.manifest, message) : undefined
    return message.kind === 'deposit' && relay !== undefined ? [[relayHash(relay), message] as const] : []
  })
  if (failed.length === 0) return []
  const byHash = new Map(failed)
  const { l2 } = network
  const msgHashes = [...byHash.keys()]
  const shown = await relayedBetween(l2, { msgHashes, ...rangeOf(page) })
  const loud = loudBlocks(page, relayLogs(msgHashes), shown)
  const found = await inTurn(loud, async (block) => {
    const at = { chain: 'L2', blockNumber: block.number, timestamp: block.timestamp } as const
    const delivered = await relayedInBlock(l2, { block, msgHashes })
    return delivered.flatMap((msgHash) => {
      const record = byHash.get(msgHash)
      return record === undefined ? [] : [stepped(record, { state: 'replayed', ...at })]
    })
  })
  return found.flat()
}

async function begunIn(network: Network, page: Page): Promise<WithdrawalRecord[]> {
  const { l2, manifest } = network
  const ends = withdrawalEnds(manifest.l1.contracts)
  const shown = await withdrawalsBetween(l2, rangeOf(page))
  const loud = loudBlocks(
    page,
    withdrawalLogs,
    shown.map(({ origin }) => origin),
  )
  const found = await inTurn(loud, async (block) => {
    const at = { chain: 'L2', blockNumber: block.number, timestamp: block.timestamp } as const
    const withdrawals = await withdrawalsOfBlock(l2, block)
    return withdrawals.map((withdrawal) => begunWithdrawal(withdrawal, at, ends))
  })
  return found.flat()
}

type LoudBlock = LoggingBlock & { timestamp: bigint }

/** The blocks that have logs of a kind, by the node's word or by what their headers admit: a node may leave some out. */
function loudBlocks(
  { blocks }: Page,
  filter: LogFilter,
  shown: readonly { blockNumber: bigint }[],
): LoudBlock[] {
  const numbers = new Set(shown.map(({ blockNumber }) => blockNumber))
  const mayHold = admits(filter)
  return blocks
    .map(({ block }) => ({
      ...block,
      number: hexToBigInt(block.number),
      timestamp: hexToBigInt(block.timestamp),
    }))
    .filter(({ number, logsBloom }) => numbers.has(number) || mayHold(logsBloom))
}

/** What is looked at in its logs a node writes as viem does. */
type RawReceipt = {
  transactionHash: Hash
  status: Hex
  to: Address | null
  logs: MinedLog<bigint, number, false>[]
}
type Execution = { transaction: Transaction; receipt: RawReceipt; place: Place<'L2'> }

async function executionsOf({ l2 }: Network, { blocks }: Page): Promise<Map<Hash, Execution>> {
  const found = new Map<Hash, Execution>()
  const holding = blocks.flatMap(({ block }) => {
    const deposits = block.transactions.filter(
      (transaction) => transaction.type === '0x7e' && decodeAttributes(transaction) === undefined,
    )
    return deposits.length === 0 ? [] : [{ block, deposits }]
  })
  await inTurn(holding, async ({ block, deposits }) => {
    const answer = await request<RawReceipt[] | null>(l2, 'eth_getBlockReceipts', [block.number])
    const receipts = answer ?? []
    const byHash = new Map(receipts.map((receipt) => [receipt.transactionHash, receipt]))
    const [blockNumber, timestamp] = [hexToBigInt(block.number), hexToBigInt(block.timestamp)]
    for (const transaction of deposits) {
      const receipt = byHash.get(transaction.hash)
      if (receipt === undefined) throw new HistoryIncompleteError(`a receipt of L2 block ${blockNumber}`)
      found.set(transaction.hash, { transaction, receipt, place: { chain: 'L2', blockNumber, timestamp } })
    }
  })
  return found
}

function joined(
  { manifest }: Network,
  { blocks, final }: Page,
  { logs, executions }: PageSides,
): DepositRecord[] {
  const left = new Map(executions)
  const ends = depositEnds(manifest.l1.contracts)
  const origins = new Map(
    blocks.flatMap(({ begins }) => (begins === undefined ? [] : [[begins.number, begins] as const])),
  )
  const records = logs.map((deposit): DepositRecord => {
    const { blockNumber, blockHash } = deposit.origin
    const origin = origins.get(blockNumber)
    const direct = executions.get(deposit.hash)
    const execution = direct ?? executions.get(depositHash(mintOnly(deposit)))
    if (origin?.hash !== blockHash || execution === undefined) {
      throw new HistoryIncompleteError(
        `the execution of ${deposit.hash}, a deposit of L1 block ${blockNumber}`,
      )
    }
    const { transaction, receipt, place } = execution
    left.delete(transaction.hash)
    const noted = notedDeposit(deposit, { chain: 'L1', blockNumber, timestamp: origin.timestamp }, ends)
    const status: 'success' | 'reverted' = receipt.status === '0x1' ? 'success' : 'reverted'
    const outcome = { status, to: receipt.to, logs: receipt.logs }
    const executed = executedDeposit(noted, { receipt: outcome, inPlace: direct === undefined }, place)
    return executed.state === 'included' ? stepped(executed, { state: 'final', ...final }) : executed
  })
  const strange = [...left.values()].find(({ transaction }) => !isOfFork(transaction))
  if (strange === undefined) return records
  throw new HistoryIncompleteError(
    `the deposit on L1 of ${strange.transaction.hash} in L2 block ${strange.place.blockNumber}`,
  )
}

/**
 * A hard fork begins with deposits that no log of L1 stands for. The OP Stack's forks send them from the depositor's account, from nobody's,
 * and from deployers that begin with 0x4210.
 */
function isOfFork({ from }: Transaction): boolean {
  const sender = from.toLowerCase()
  return (
    [zeroAddress, opConstants.DepositorAccount.toLowerCase()].includes(sender) || sender.startsWith('0x4210')
  )
}

/** The deposits of the L1 blocks on which the page's blocks are built, in order. */
async function depositLogs({ l1, manifest }: Network, { blocks }: Page): Promise<Deposit[]> {
  const numbers = blocks.flatMap(({ begins }) => (begins === undefined ? [] : [begins.number]))
  const [from, to] = [numbers[0], numbers.at(-1)]
  if (from === undefined || to === undefined) return []
  // L2 may have passed over no L1 block: op-node takes them one by one.
  const logs = await logsBetween(l1, { address: manifest.l1.contracts.OptimismPortal, from, to })
  return logs.filter(({ topics }) => topics[0] === depositTopic).map((log) => decodeDeposit(log))
}

type Range = { address: Address; from: bigint; to: bigint }

/** Nodes give so many logs at once, and each says so in words of its own: what one refuses is asked for in halves. */
async function logsBetween(
  l1: PublicClient,
  { address, from, to }: Range,
): Promise<MinedLog<bigint, number, false>[]> {
  try {
    return await l1.getLogs({ address, fromBlock: from, toBlock: to })
  } catch (error) {
    const isRefused =
      error instanceof ViemError && error.walk((cause) => cause instanceof RpcRequestError) !== null
    if (!isRefused || from === to) throw error
    const middle = (from + to) / 2n
    const first = await logsBetween(l1, { address, from, to: middle })
    return [...first, ...(await logsBetween(l1, { address, from: middle + 1n, to }))]
  }
}
