import type { Hash } from 'viem'
import type { LoggingBlock } from '../../bridge/blockLogs.ts'
import { decodeAttributes, depositHash, mintOnly } from '../../bridge/deposit.ts'
import { depositEnds, relayHash, withdrawalEnds } from '../../bridge/message.ts'
import { depositsOfBlock, receiptOf, relayedInBlock, withdrawalsOfBlock } from '../../bridge/observe.ts'
import { failpoint } from '../runtime/failpoint.ts'
import { captureHead } from './capture.ts'
import { HeadNotSavedError, HistoryIncompleteError, L2MovedError } from './errors.ts'
import { readHistory } from './history.ts'
import { begunWithdrawal, executedDeposit, notedDeposit, type Place } from './messages.ts'
import { hashAt, loadOpen, type Network, remember, requestOnce } from './network.ts'
import { checkOrigins, genesisHeader } from './policy.ts'
import {
  type DepositRecord,
  type L1Header,
  type L2Header,
  type MessageRecord,
  relayWithin,
  stepped,
  type WithdrawalRecord,
} from './records.ts'

/*
 * How an L2 block comes to be: mined → (at every proposed height) its output captured → dumped → read into the store → shown.
 * `seal` holds the head lock from before the first step until after the last, and where one fails nobody reads until a later
 * `seal` came to its end: users never see what a kill could take away.
 *
 *   killed after mined     with the node: the block is gone and was seen by nobody. Without it: `publish` at the next start dumps it.
 *   killed after captured  the output row may name a lost block; it is overwritten when that height is mined again, and no
 *                          row is used whose block hash is not L2's.
 *   killed after dumped    the store is behind; `follow` reads the block at the next start, and `captureHead` its output, as
 *                          the head's state is what the dump restores.
 *   killed after stored    nothing is left to do.
 */

/** Makes blocks out of everybody's sight, and shows them once they are on disk. */
export async function seal(network: Network, make: () => Promise<void>): Promise<void> {
  await network.heads.write(async () => {
    network.saved = false
    await make()
    await publish(network)
    network.saved = true
  })
}

/** Puts on disk what a failed `seal` left. */
export async function sealRest(network: Network): Promise<void> {
  if (!network.saved) await seal(network, () => captureHead(network).then(() => {}))
}

/** Reads L2 as everybody may see it. */
export function readShown<Answer>(network: Network, task: () => Promise<Answer>): Promise<Answer> {
  return network.heads.read(async () => {
    if (!network.saved) throw new HeadNotSavedError()
    return task()
  })
}

/** Mines one block, and captures what proves it while the node still has its state. The caller holds the head lock. */
export async function mineBlock(network: Network): Promise<bigint> {
  failpoint('block.mine.before')
  await requestOnce(network.l2, 'evm_mine')
  failpoint('block.mine.after')
  return captureHead(network)
}

async function publish(network: Network): Promise<void> {
  failpoint('block.dump.before')
  await network.dumps?.save(network.l2)
  failpoint('block.dump.after')
  await follow(network)
}

/** Where others make L2's blocks: captures the outputs of new heights that get a root, then reads the blocks. */
export async function observe(network: Network): Promise<void> {
  const head = await captureHead(network)
  // Not beyond: a height that is read counts as captured.
  await follow(network, head)
}

/** Reads every L2 block up to `head` that the store does not hold yet. One that L2 has given up is rewound first. */
export async function follow(network: Network, upTo?: bigint): Promise<void> {
  let parent = (await commonHead(network)) ?? genesisHeader(network)
  const head = upTo ?? (await network.l2.getBlockNumber({ cacheTime: 0 }))
  parent = await readHistory(network, { parent, head })
  while (parent.number < head) parent = await readBlock(network, parent)
}

/** Reads the L2 block after `parent` into the store. */
async function readBlock(network: Network, parent: L2Header): Promise<L2Header> {
  const number = parent.number + 1n
  const block = await network.l2.getBlock({ blockNumber: number, includeTransactions: true })
  if (block.parentHash !== parent.hash) throw new L2MovedError(parent)
  const deposits = block.transactions.filter(({ typeHex }) => typeHex === '0x7e')
  const announced = deposits.map(decodeAttributes).find((origin) => origin !== undefined)
  if (announced !== undefined) await readOrigin(network, announced)
  const origin = announced === undefined ? parent.origin : { number: announced.number, hash: announced.hash }

  const at = { chain: 'L2', blockNumber: number, timestamp: block.timestamp } as const
  const hashes = deposits.filter((one) => decodeAttributes(one) === undefined).map(({ hash }) => hash)
  const done = await executed(network, hashes, at)
  const messages = [
    ...done,
    ...(await begun(network, block, at)),
    // Last: a deposit may fail and be replayed within one block.
    ...(await replayed(network, [...network.open.values(), ...done], block, at)),
  ]
  const minted = deposits.reduce((sum, deposit) => sum + mintOf(deposit), parent.minted)
  const header = { number, hash: block.hash, origin, minted }
  failpoint('block.store.before')
  await network.store.apply({ l2: number }, { l2: [header], messages })
  failpoint('block.store.after')
  for (const message of messages) remember(network, message)
  return header
}

/** viem's types know no deposits; the node gives their mint as a hex number. */
function mintOf(transaction: object): bigint {
  const mint = 'mint' in transaction ? transaction.mint : undefined
  return typeof mint === 'string' || typeof mint === 'bigint' ? BigInt(mint) : 0n
}

/** Notes the deposits of an L1 block, before any of them is executed. Does nothing when they are noted already. */
export async function readOrigin(network: Network, origin: L1Header): Promise<void> {
  const { l1, store, manifest } = network
  const noted = await store.l1Header(origin.number)
  if (noted?.hash === origin.hash) return
  if (noted !== undefined) {
    // Noted before a kill, and given up by L1 before a block of L2 was built on it: no rewind of blocks takes it back.
    await store.rewind({ l1: origin.number - 1n, l2: (await store.l2Head())?.number ?? 0n })
    await loadOpen(network)
  }
  const portal = manifest.l1.contracts.OptimismPortal
  const block = await l1.getBlock({ blockHash: origin.hash })
  const deposits = await depositsOfBlock(l1, { portal, block })
  const at = { chain: 'L1', blockNumber: origin.number, timestamp: block.timestamp } as const
  const ends = depositEnds(manifest.l1.contracts)
  const messages = deposits.map((deposit) => notedDeposit(deposit, at, ends))
  failpoint('origin.store.before')
  await store.apply({ l1: origin.number }, { l1: [{ number: origin.number, hash: origin.hash }], messages })
  failpoint('origin.store.after')
  for (const message of messages) remember(network, message)
}

/** The deposits among these L2 transactions, with what became of them. */
async function executed(
  network: Network,
  hashes: readonly Hash[],
  at: Place<'L2'>,
): Promise<MessageRecord[]> {
  const found = await Promise.all(hashes.map((hash) => outcome(network, hash, at)))
  return found.filter((record) => record !== undefined)
}

async function outcome(network: Network, hash: Hash, at: Place<'L2'>): Promise<MessageRecord | undefined> {
  const record = (await network.store.message(hash)) ?? replaced(network, hash)
  if (record?.kind !== 'deposit') return undefined
  const receipt = await receiptOf(network.l2, hash)
  // It stands in the block: a node that shows none has not written it yet, or leaves it out.
  if (receipt === undefined) throw new HistoryIncompleteError(`the receipt of ${hash}, a deposit on L2`)
  const executedRecord = executedDeposit(record, { receipt, inPlace: record.id !== hash }, at)
  const { id, state, deposit, history } = executedRecord
  if (state === 'failed') {
    const { note } = history.at(-1) ?? {}
    network.log.warn({ id, l1: deposit.origin.transactionHash, note }, 'sequencer.deposit.failed')
  }
  return executedRecord
}

/** The failed deposits among these that somebody delivered in this block after all. */
async function replayed(
  network: Network,
  messages: readonly MessageRecord[],
  block: LoggingBlock,
  at: Place<'L2'>,
): Promise<DepositRecord[]> {
  const failed = messages.filter(({ state }) => state === 'failed')
  const deposits = failed.flatMap((message) => {
    const relay = message.kind === 'deposit' ? relayWithin(network.manifest, message) : undefined
    return message.kind === 'deposit' && relay !== undefined ? [[relayHash(relay), message] as const] : []
  })
  if (deposits.length === 0) return []
  const msgHashes = deposits.map(([msgHash]) => msgHash)
  const delivered = new Set(await relayedInBlock(network.l2, { block, msgHashes }))
  return deposits.flatMap(([msgHash, record]) => {
    if (!delivered.has(msgHash)) return []
    network.holds.delete(record.id)
    network.log.info({ id: record.id }, 'sequencer.deposit.replayed')
    return [stepped(record, { state: 'replayed', ...at })]
  })
}

/** The deposit in whose place L2 executed `hash`. */
function replaced(network: Network, hash: Hash): MessageRecord | undefined {
  return [...network.open.values()].find(
    (message) => message.kind === 'deposit' && depositHash(mintOnly(message.deposit)) === hash,
  )
}

async function begun(network: Network, block: LoggingBlock, at: Place<'L2'>): Promise<WithdrawalRecord[]> {
  const ends = withdrawalEnds(network.manifest.l1.contracts)
  const withdrawals = await withdrawalsOfBlock(network.l2, block)
  return withdrawals.map((withdrawal) => begunWithdrawal(withdrawal, at, ends))
}

/**
 * The newest block that both the store and L2 hold; what the store holds above it is taken back. Throws ReorganisationTooDeepError.
 */
async function commonHead(network: Network): Promise<L2Header | undefined> {
  const { l2, store, log } = network
  const newest = await store.l2Head()
  if (newest === undefined || (await hashAt(l2, newest.number)) === newest.hash) return newest
  await checkOrigins(network, newest)
  for await (const header of store.l2HeadersDown()) {
    if ((await hashAt(l2, header.number)) !== header.hash) continue
    log.warn({ from: newest.number, to: header.number }, 'sequencer.store.rewound')
    await store.rewind({ l1: header.origin.number, l2: header.number })
    await loadOpen(network)
    return header
  }
  await store.rewind({ l1: BigInt(network.manifest.l1.startBlock.number), l2: 0n })
  await loadOpen(network)
  return undefined
}
