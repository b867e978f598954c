import { type Hash, type Hex, RpcRequestError, BaseError as ViemError, zeroHash } from 'viem'
import type { LoggingBlock } from '../../bridge/blockLogs.ts'
import {
  attributesDeposit,
  type DepositTransaction,
  depositHash,
  mintOnly,
  serializeDeposit,
} from '../../bridge/deposit.ts'
import { depositsOfBlock, receiptOf } from '../../bridge/observe.ts'
import { opConstants, predeploys } from '../../chain/generated/addresses.ts'
import { l1BlockAbi } from '../../chain/generated/opAbi.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { mineBlock, readOrigin, seal, sealRest } from './blocks.ts'
import { captureHead } from './capture.ts'
import { DepositNotExecutedError, DepositRefusedError, L1UnsettledError } from './errors.ts'
import { whyHopeless } from './hopeless.ts'
import { l1HashAt, type Network, request, requestOnce, settledHead } from './network.ts'
import type { L1Header } from './records.ts'
import { followReorganisation } from './reorg.ts'

/*
 * L2 follows L1. The L1Block predeploy on L2 is the cursor: it names the newest L1 block whose deposits L2 has begun to execute, and it is in
 * the same dump as what they did, so the two cannot part. For each durable L1 block N above it, strictly one after the other:
 *
 *   users' transactions are held back; the pool is emptied into blocks, and what a turn has no time for waits aside
 *   N's deposits are noted in the store                                  (their intent, with sync)
 *   attributes of N, alone in a block                                    (moves the cursor)
 *   each deposit of N in the order of its log, one per block
 *
 * A deposit's L2 hash follows from L1, so before one is sent L2 is asked for its receipt: anvil itself would mint again.
 *
 *   killed before attributes   the cursor is N-1: N starts again; nothing of N was executed
 *   killed after attributes    the cursor is N: `completeOrigin` goes through N's deposits, and each one that has a receipt is passed over
 *   killed after send          the transaction is in the node's pool or gone with it: `dropStray` removes it, then it is sent again
 *   killed after mined         with the node: block and receipt are both gone. Without it: both are there
 */

/** What a node starts with: what an earlier run left half done is put on disk or taken out of the pool. */
export async function resume(network: Network): Promise<void> {
  await seal(network, async () => {
    await dropStray(network)
    await captureHead(network)
  })
  await completeOrigin(network)
}

/**
 * Brings L2 up to the durable head of L1. Answers whether there was anything to do. A step that failed before may have left blocks
 * unsaved and deposits of the newest origin unexecuted: these come first.
 */
export async function derive(network: Network): Promise<boolean> {
  await sealRest(network)
  const head = await settledHead(network)
  if (head === undefined) return false
  const cursor = await readCursor(network)
  if (await isReorganised(network, cursor, head)) {
    await followReorganisation(network, { cursor, head })
    await completeOrigin(network)
    return true
  }
  if (network.completed !== cursor.hash) await completeOrigin(network)
  for (let next = cursor.number + 1n; next <= head.number; next++) await deriveOrigin(network, next)
  return head.number > cursor.number
}

/** The newest L1 block that L2 knows. */
export async function readCursor({ l2, manifest }: Pick<Network, 'l2' | 'manifest'>): Promise<L1Header> {
  const contract = { address: predeploys.L1Block, abi: l1BlockAbi } as const
  const blockNumber = await l2.getBlockNumber({ cacheTime: 0 })
  const [number, hash] = await Promise.all([
    l2.readContract({ ...contract, functionName: 'number', blockNumber }),
    l2.readContract({ ...contract, functionName: 'hash', blockNumber }),
  ])
  const { startBlock } = manifest.l1
  return hash === zeroHash ? { number: BigInt(startBlock.number), hash: startBlock.hash } : { number, hash }
}

async function isReorganised(network: Network, cursor: L1Header, head: L1Header): Promise<boolean> {
  // L1 is shorter than what L2 knows: only the blocks that both have can tell.
  const common = cursor.number <= head.number ? cursor : await network.store.l1Header(head.number)
  if (common === undefined) return false
  return (await l1HashAt(network, common.number)) !== common.hash
}

async function deriveOrigin(network: Network, number: bigint): Promise<void> {
  const { l1 } = network
  const block = await l1.getBlock({ blockNumber: number })
  const cursor = await readCursor(network)
  if (block.parentHash !== cursor.hash) {
    throw new L1UnsettledError(number, `it does not follow ${cursor.hash}, the newest block that L2 knows`)
  }
  const origin = {
    number,
    hash: block.hash,
    timestamp: block.timestamp,
    baseFee: block.baseFeePerGas ?? 0n,
    // The embedded L1 carries no blobs, and their price counts for nothing while the scalars are 0.
    blobBaseFee: 1n,
  }
  await network.gate.write(async () => {
    await drainPool(network)
    await withEmptyPool(network, async () => {
      await readOrigin(network, origin)
      await executeDeposits(network, block, [attributesDeposit(origin, network.batcherHash)])
    })
  })
}

/** Executes what an earlier run, or a step that failed, left of the newest origin. */
async function completeOrigin(network: Network): Promise<void> {
  const cursor = await readCursor(network)
  if (cursor.number <= BigInt(network.manifest.l1.startBlock.number)) return
  // Another block in its place: `derive` goes back before anything else is done.
  if ((await l1HashAt(network, cursor.number)) !== cursor.hash) return
  const block = await network.l1.getBlock({ blockHash: cursor.hash })
  await network.gate.write(async () => {
    await drainPool(network)
    await withEmptyPool(network, () => executeDeposits(network, block))
  })
}

/** The deposits of an L1 block behind what begins it, if that is still to be done. */
async function executeDeposits(
  network: Network,
  block: LoggingBlock,
  beginning: readonly DepositTransaction[] = [],
): Promise<void> {
  const portal = network.manifest.l1.contracts.OptimismPortal
  const deposits = await depositsOfBlock(network.l1, { portal, block })
  await execute(network, [...beginning, ...deposits])
  network.completed = block.hash
  if (deposits.length > 0)
    network.log.info({ l1: block.number, deposits: deposits.length }, 'sequencer.derived')
}

/** One dump serves this many deposits, attributes among them, so that a long catch-up neither waits for the disk nor holds readers long. */
const depositsPerDump = 16

async function execute(network: Network, deposits: readonly DepositTransaction[]): Promise<void> {
  for (let from = 0; from < deposits.length; from += depositsPerDump) {
    await seal(network, async () => {
      await dropStray(network)
      for (const deposit of deposits.slice(from, from + depositsPerDump)) await executeOnce(network, deposit)
    })
  }
}

/** Executes a deposit in a block of its own, unless L2 has executed it. */
async function executeOnce(network: Network, deposit: DepositTransaction): Promise<void> {
  if (await isExecuted(network, deposit)) return
  const sent = await sendAsMuchAsCan(network, deposit)
  const number = await mineBlock(network)
  const receipt = await receiptOf(network.l2, depositHash(sent))
  if (receipt === undefined) throw new DepositNotExecutedError(depositHash(deposit), number)
}

async function isExecuted({ l2 }: Network, deposit: DepositTransaction): Promise<boolean> {
  const receipts = await Promise.all([
    receiptOf(l2, depositHash(deposit)),
    receiptOf(l2, depositHash(mintOnly(deposit))),
  ])
  return receipts.some((receipt) => receipt !== undefined)
}

/**
 * Sends a deposit, or what is left of one that L2 can never execute, and answers which. A node refuses for passing reasons too, in words that
 * nobody promised: only what can be seen of the deposit itself costs it its call, and everything else is waited out.
 */
async function sendAsMuchAsCan(network: Network, deposit: DepositTransaction): Promise<DepositTransaction> {
  const refusal = await trySend(network, deposit)
  if (refusal === undefined) return deposit
  const id = depositHash(deposit)
  // Nothing may stand for the words that begin an origin: its deposits would be executed under the one before.
  const isAttributes = deposit.from === opConstants.DepositorAccount
  const reason = isAttributes ? undefined : await whyHopeless(network.l2, deposit)
  if (reason === undefined) throw new DepositRefusedError(id, refusal)
  network.log.warn({ id, reason }, 'sequencer.deposit.refused')
  const rest = mintOnly(deposit)
  const second = await trySend(network, rest)
  if (second !== undefined) throw new DepositRefusedError(id, second)
  return rest
}

/**
 * Why the node did not take the transaction, in its own words; undefined where it did. Sent without a retry: a node that took it and whose answer
 * was lost would refuse it the second time, and the sender would get its mint twice.
 */
async function trySend(network: Network, deposit: DepositTransaction): Promise<string | undefined> {
  try {
    failpoint('deposit.send.before')
    await requestOnce(network.l2, 'eth_sendRawTransaction', [serializeDeposit(deposit)])
    failpoint('deposit.send.after')
    return undefined
  } catch (error) {
    const refusal =
      error instanceof ViemError ? error.walk((cause) => cause instanceof RpcRequestError) : null
    if (!(refusal instanceof RpcRequestError)) throw error
    return `${refusal.code} ${refusal.details}`
  }
}

type PooledTransaction = { hash: Hash; type?: Hex }
type PoolContent = Record<'pending' | 'queued', Record<string, Record<string, PooledTransaction>>>

/** Takes deposits out of the pool that a killed run sent and did not mine: alone they could land in a user's block. */
async function dropStray({ l2 }: Network): Promise<void> {
  const { pending, queued } = await request<PoolContent>(l2, 'txpool_content')
  for (const { hash, type } of [...listed(pending), ...listed(queued)]) {
    if (type === '0x7e') await request(l2, 'anvil_dropTransaction', [hash])
  }
}

function listed(part: PoolContent['pending']): PooledTransaction[] {
  return Object.values(part).flatMap((list) => Object.values(list))
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ViemError)) throw error
}

/**
 * Runs a task while no transaction of a user can enter a block: left in the pool it would take a deposit's room, or its place, and
 * the deposit would be refused. A kill meanwhile loses them, as it does the pool.
 */
async function withEmptyPool(network: Network, task: () => Promise<void>): Promise<void> {
  const { l2 } = network
  const aside: Hex[] = []
  if ((await pendingCount(network)) > 0) {
    const { pending } = await request<PoolContent>(l2, 'txpool_content')
    const users = listed(pending).filter(({ type }) => type !== '0x7e')
    for (const { hash } of users) {
      aside.push(await request<Hex>(l2, 'eth_getRawTransactionByHash', [hash]))
    }
    // Only now: with a transaction the node also drops those that follow it.
    for (const { hash } of users) await request(l2, 'anvil_dropTransaction', [hash])
    network.log.debug({ transactions: aside.length }, 'sequencer.pool.aside')
  }
  try {
    await task()
  } finally {
    // One that no longer fits is refused, as it would have been in the pool.
    for (const raw of aside) await request(l2, 'eth_sendRawTransaction', [raw]).catch(ignoreRefusal)
  }
}

/** So that a full pool neither holds up deposits nor those who read. */
const blocksPerTurn = 32

/** Mines users' transactions until none is left that a block would take, or the turn is over. Answers whether a block was made. */
export async function drainPool(network: Network): Promise<boolean> {
  let before = await pendingCount(network)
  if (before === 0) return false
  await seal(network, async () => {
    // A deposit whose sending failed must not come in here: its origin may be gone by now.
    await dropStray(network)
    for (let made = 0; before > 0 && made < blocksPerTurn; made++) {
      await mineBlock(network)
      const after = await pendingCount(network)
      if (after === before) break
      before = after
    }
  })
  return true
}

async function pendingCount({ l2 }: Network): Promise<number> {
  const { pending } = await request<{ pending: Hex }>(l2, 'txpool_status')
  return Number(pending)
}

/** Mines up to the next height that gets a root while a withdrawal waits for one. */
export async function fillToRoot(network: Network): Promise<boolean> {
  const interval = BigInt(network.manifest.bridge.submissionIntervalBlocks)
  const head = await network.l2.getBlockNumber({ cacheTime: 0 })
  const covered = head - (head % interval)
  if (network.newestWithdrawal <= covered) return false
  await seal(network, async () => {
    let number = head
    while (number < covered + interval) number = await mineBlock(network)
  })
  return true
}
