import type { Hash, PublicClient } from 'viem'
import { decodeAttributes, depositHash, mintOnly } from '../../bridge/deposit.ts'
import { depositEnds, relayHash, withdrawalEnds } from '../../bridge/message.ts'
import {
  depositsOfBlock,
  receiptOf,
  relayedInBlock,
  withdrawalsBetween,
  withdrawalsOfBlock,
} from '../../bridge/observe.ts'
import { checkOutputRoot, outputRootProof, withdrawalSlot } from '../../bridge/withdrawal.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { HeadNotSavedError } from './errors.ts'
import { readHistory } from './history.ts'
import { begunWithdrawal, executedDeposit, notedDeposit, type Place } from './messages.ts'
import { hashAt, loadOpen, type Network, remember, request, requestOnce } from './network.ts'
import {
  type DepositRecord,
  type L1Header,
  type L2Header,
  type MessageRecord,
  type OutputRecord,
  relayWithin,
  type StoredProof,
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
  await requestOnce(network.l2, 'evm_mine')
  return captureHead(network)
}

async function publish(network: Network): Promise<void> {
  await network.dumps?.save(network.l2)
  await follow(network)
}

/**
 * Stores the outputs of the heights that get a root: of L2's head, and of those below it that the store has not read. One of
 * these is missing where the answer to `evm_mine` was lost and another block came on top. Answers the head.
 */
export async function captureHead(network: Network): Promise<bigint> {
  const { l2, store, manifest } = network
  const interval = BigInt(manifest.bridge.submissionIntervalBlocks)
  const head = await l2.getBlockNumber({ cacheTime: 0 })
  const read = await store.l2Head()
  let number = head - (head % interval)
  while (number > 0n && (number === head || (read !== undefined && number > read.number))) {
    await captureOutput(network, number)
    number -= interval
  }
  return head
}

/** Stores the output of one height with the proofs of the withdrawals that it is the first to cover. */
async function captureOutput({ l2, store, manifest }: Network, number: bigint): Promise<void> {
  const interval = BigInt(manifest.bridge.submissionIntervalBlocks)
  const block = await l2.getBlock({ blockNumber: number })
  if ((await store.output(number))?.blockHash === block.hash) return

  const range = { fromBlock: number - interval + 1n, toBlock: number }
  const slots = (await withdrawalsBetween(l2, range)).map(({ hash }) => withdrawalSlot(hash))
  const proof = await readProof(l2, slots, number)
  const parts = { stateRoot: block.stateRoot, storageHash: proof.storageHash, blockHash: block.hash }
  const root = checkOutputRoot(number, outputRootProof(parts))
  await store.putOutput({ number, ...parts, root, proof })
}

/** Slots that a node is asked to prove at once: each takes it some kilobytes, and anybody may have begun thousands of withdrawals. */
const slotsAtOnce = 500

async function readProof(l2: PublicClient, slots: readonly Hash[], number: bigint): Promise<StoredProof> {
  const read = (some: readonly Hash[]) =>
    request<StoredProof>(l2, 'eth_getProof', [
      predeploys.L2ToL1MessagePasser,
      some,
      `0x${number.toString(16)}`,
    ])
  const first = await read(slots.slice(0, slotsAtOnce))
  const storageProof = [...first.storageProof]
  for (let from = slotsAtOnce; from < slots.length; from += slotsAtOnce) {
    storageProof.push(...(await read(slots.slice(from, from + slotsAtOnce))).storageProof)
  }
  return { ...first, storageProof }
}

/**
 * What proves withdrawals at one proposed height. The embedded node keeps no old states, so there it was stored or is gone. A real
 * node is asked where the store has nothing, or has what L2 has given up since.
 */
export async function readOutput(network: Network, number: bigint): Promise<OutputRecord | undefined> {
  if (network.dumps === undefined) await captureOutput(network, number)
  return network.store.output(number)
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
  const deposits = block.transactions.filter(({ typeHex }) => typeHex === '0x7e')
  const announced = deposits.map(decodeAttributes).find((origin) => origin !== undefined)
  if (announced !== undefined) await readOrigin(network, announced)
  const origin = announced === undefined ? parent.origin : { number: announced.number, hash: announced.hash }

  const at = { chain: 'L2', blockNumber: number, timestamp: block.timestamp } as const
  const hashes = deposits.filter((one) => decodeAttributes(one) === undefined).map(({ hash }) => hash)
  const done = await executed(network, hashes, at)
  const messages = [
    ...done,
    ...(await begun(network, block.hash, at)),
    // Last: a deposit may fail and be replayed within one block.
    ...(await replayed(network, [...network.open.values(), ...done], block.hash, at)),
  ]
  const minted = deposits.reduce((sum, deposit) => sum + mintOf(deposit), parent.minted)
  const header = { number, hash: block.hash, origin, minted }
  await network.store.apply({ l2: number }, { l2: [header], messages })
  for (const message of messages) remember(network, message)
  return header
}

/** viem's types know no deposits; the node gives their mint as a hex number. */
function mintOf(transaction: object): bigint {
  const mint = 'mint' in transaction ? transaction.mint : undefined
  return typeof mint === 'string' || typeof mint === 'bigint' ? BigInt(mint) : 0n
}

export function genesisHeader({ manifest }: Pick<Network, 'manifest'>): L2Header {
  const { startBlock } = manifest.l1
  const origin = { number: BigInt(startBlock.number), hash: startBlock.hash }
  return { number: 0n, hash: manifest.l2.genesisHash, origin, minted: 0n }
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
  const deposits = await depositsOfBlock(l1, { portal, blockHash: origin.hash })
  const { timestamp } = await l1.getBlock({ blockHash: origin.hash })
  const at = { chain: 'L1', blockNumber: origin.number, timestamp } as const
  const ends = depositEnds(manifest.l1.contracts)
  const messages = deposits.map((deposit) => notedDeposit(deposit, at, ends))
  await store.apply({ l1: origin.number }, { l1: [{ number: origin.number, hash: origin.hash }], messages })
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
  const receipt = record?.kind === 'deposit' ? await receiptOf(network.l2, hash) : undefined
  if (record?.kind !== 'deposit' || receipt === undefined) return undefined
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
  blockHash: Hash,
  at: Place<'L2'>,
): Promise<DepositRecord[]> {
  const failed = messages.filter(({ state }) => state === 'failed')
  const deposits = failed.filter((message) => message.kind === 'deposit')
  if (deposits.length === 0) return []
  const delivered = new Set(await relayedInBlock(network.l2, blockHash))
  return deposits.flatMap((record) => {
    const relay = relayWithin(network.manifest, record)
    if (relay === undefined || !delivered.has(relayHash(relay))) return []
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

async function begun(network: Network, blockHash: Hash, at: Place<'L2'>): Promise<WithdrawalRecord[]> {
  const ends = withdrawalEnds(network.manifest.l1.contracts)
  const withdrawals = await withdrawalsOfBlock(network.l2, blockHash)
  return withdrawals.map((withdrawal) => begunWithdrawal(withdrawal, at, ends))
}

/** The newest block that both the store and L2 hold; what the store holds above it is taken back. */
async function commonHead(network: Network): Promise<L2Header | undefined> {
  const { l2, store, log } = network
  const newest = await store.l2Head()
  for await (const header of store.l2HeadersDown()) {
    if ((await hashAt(l2, header.number)) !== header.hash) continue
    if (header.number !== newest?.number) {
      log.warn({ from: newest?.number, to: header.number }, 'sequencer.store.rewound')
      await store.rewind({ l1: header.origin.number, l2: header.number })
      await loadOpen(network)
    }
    return header
  }
  if (newest !== undefined) {
    await store.rewind({ l1: BigInt(network.manifest.l1.startBlock.number), l2: 0n })
    await loadOpen(network)
  }
  return undefined
}
