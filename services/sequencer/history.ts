import { hexToBigInt, toHex } from 'viem'
import { decodeAttributes } from '../../bridge/deposit.ts'
import { HistoryIncompleteError } from './errors.ts'
import { type PageBlock, type RawBlock, readMessages, readSides } from './historyPage.ts'
import { inTurn } from './inTurn.ts'
import type { Place } from './messages.ts'
import { l1HashAt, type Network, remember, request } from './network.ts'
import type { L2Header } from './records.ts'

/*
 * What can no longer change is read in bulk, a page of L2 blocks at a time. A page is written without a way back, its header last: whoever is
 * killed before reads the page again.
 */

/** L2 blocks of a page: as many as have about so many transactions, so that memory stays the same however full they are. */
const pageTransactions = 4_000
const [leastOfPage, mostOfPage] = [16, 512]
/** Fewer than this are read one by one. */
const leastBlocks = 128n

type Stretch = { parent: L2Header; head: bigint }

/** Reads what L1 has finalised of the L2 blocks above `parent`, and answers the last one read; `parent` where that is too little. */
export async function readHistory(network: Network, { parent, head }: Stretch): Promise<L2Header> {
  if (head - parent.number < leastBlocks) return parent
  const { number: blockNumber, timestamp } = await network.l1.getBlock({ blockTag: 'finalized' })
  const final: Place<'L1'> = { chain: 'L1', blockNumber, timestamp }
  const progress = createProgress(network, { parent, head })
  let from = parent
  const pageAbove = async (below: L2Header, size: number) => {
    const blocks = await finalBlocks(network, { parent: below, head }, { final: blockNumber, size })
    const last = blocks.at(-1)
    return last && { blocks, last, sides: await readSides(network, { blocks, final }) }
  }
  let next = pageAbove(parent, leastOfPage)
  for (;;) {
    const page = await next
    if (page === undefined) break
    const { blocks, last, sides } = page
    const messages = await readMessages(network, { blocks, final }, sides)
    from = {
      ...{ number: hexToBigInt(last.block.number), hash: last.block.hash, origin: last.origin },
      minted: blocks.reduce((sum, { block }) => sum + mintedIn(block), from.minted),
    }
    // The next page is on its way while this one is written.
    next = pageAbove(from, nextSize(blocks))
    next.catch(() => {})
    await network.store.applyFinal({ messages, l1: [last.origin], l2: [from] })
    for (const message of messages) remember(network, message)
    progress.tell(from.number, messages.length)
  }
  network.history = undefined
  return from
}

/**
 * The next page of blocks whose origins L1 has finalised. It ends before a block on another origin, so that all deposits of an origin are
 * in it; empty where there is no such page.
 */
async function finalBlocks(
  network: Network,
  { parent, head }: Stretch,
  { final, size: first }: { final: bigint; size: number },
): Promise<readonly PageBlock[]> {
  for (let size = BigInt(first); ; size *= 2n) {
    const end = parent.number + size < head ? parent.number + size : head
    const blocks = withOrigins(await rawBlocks(network, parent.number + 1n, end), parent)
    const beyond = blocks.findIndex(({ origin }) => origin.number > final)
    const lastBegun = blocks.findLastIndex(({ begins }) => begins !== undefined)
    const cut = beyond === -1 ? lastBegun : beyond
    const page = cut > 0 ? blocks.slice(0, cut) : []
    if (page.length > 0) return (await isCanonical(network, page)) ? page : []
    if (end === head || beyond !== -1) return []
  }
}

function nextSize(blocks: readonly PageBlock[]): number {
  const transactions = blocks.reduce((sum, { block }) => sum + block.transactions.length, 1)
  const size = Math.ceil((pageTransactions * blocks.length) / transactions)
  return Math.min(Math.max(size, leastOfPage), mostOfPage)
}

/** Whether L1 still has what they are built on: L2 may not have followed it to another branch yet, whose height says nothing. */
async function isCanonical(network: Network, page: readonly PageBlock[]): Promise<boolean> {
  const origin = page.at(-1)?.origin
  return origin !== undefined && (await l1HashAt(network, origin.number)) === origin.hash
}

function withOrigins(blocks: readonly RawBlock[], parent: L2Header): PageBlock[] {
  let origin = parent.origin
  let before = parent.hash
  return blocks.map((block) => {
    // L2 went to another branch while it was read.
    if (block.parentHash !== before) throw new HistoryIncompleteError(`the block above ${before}`)
    before = block.hash
    const begins = block.transactions
      .filter(({ type }) => type === '0x7e')
      .map(decodeAttributes)
      .find((announced) => announced !== undefined && announced.number > origin.number)
    if (begins !== undefined) origin = { number: begins.number, hash: begins.hash }
    return { block, origin, begins }
  })
}

function rawBlocks({ l2 }: Network, from: bigint, to: bigint): Promise<RawBlock[]> {
  const numbers = Array.from({ length: Number(to - from) + 1 }, (_, at) => from + BigInt(at))
  return inTurn(numbers, async (number) => {
    const block = await request<RawBlock | null>(l2, 'eth_getBlockByNumber', [toHex(number), true])
    if (block === null) throw new HistoryIncompleteError(`L2 block ${number}`)
    return block
  })
}

const mintedIn = ({ transactions }: RawBlock): bigint =>
  transactions.reduce((sum, { mint }) => sum + BigInt(mint ?? 0), 0n)

function createProgress(network: Network, { parent, head }: Stretch) {
  const began = performance.now()
  let messages = 0
  return {
    tell: (read: bigint, more: number) => {
      messages += more
      const seconds = (performance.now() - began) / 1_000
      const blocksPerSecond = Math.round(Number(read - parent.number) / seconds)
      const secondsLeft = Math.round((Number(head - read) / Number(read - parent.number)) * seconds)
      const messagesPerSecond = Math.round(messages / seconds)
      network.history = { read, of: head, secondsLeft, blocksPerSecond, messagesPerSecond }
      network.log.info({ ...network.history, messages }, 'sequencer.history')
    },
  }
}
