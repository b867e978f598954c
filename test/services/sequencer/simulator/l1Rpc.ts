import { type Address, type Hash, type Hex, toHex } from 'viem'
import { NodeRefusalError, UnknownToModelError } from './errors.ts'
import type { Faults } from './faults.ts'
import { bloomOf, type Committed, omitting, omittingReceipts, summaryOf } from './headers.ts'
import {
  acceptL1,
  environmentOf,
  headOf,
  type L1Block,
  type L1Chain,
  type MinedLog,
  type Receipt,
} from './l1Chain.ts'
import { blockGas, callL1, copyL1 } from './l1Contracts.ts'
import { finalDepth, l1, same, targets } from './places.ts'

type Call = { from?: Address; to: Address; data: Hex; value?: Hex; gas?: Hex }
type Selector = Hex | 'latest' | 'finalized' | { blockHash: Hash }
type LogFilter = {
  address: Address | Address[]
  topics?: Topics
  blockHash?: Hash
  fromBlock?: Hex
  toBlock?: Hex
}

/** L1 as one node of several shows it: one may be behind the others. */
export function answerL1(
  chain: L1Chain,
  faults: Faults,
  method: string,
  params: readonly unknown[],
): unknown {
  const lag =
    method !== 'eth_sendRawTransaction' && faults.strikes('rpc.lagging') ? 1 + chain.random.below(2) : 0
  const top = chain.blocks.length - 1 - lag
  const find = (selector: Selector): L1Block | undefined => blockAt(chain, top, selector)
  switch (method) {
    case 'eth_chainId':
      return toHex(900)
    case 'eth_blockNumber':
      return toHex(top)
    case 'eth_getBlockByNumber':
      return shown(find(params[0] as Selector))
    case 'eth_getBlockByHash':
      return shown(find({ blockHash: params[0] as Hash }))
    case 'eth_getTransactionCount':
      return toHex(nonceAt(chain, find, params[0] as Address, params[1] as Selector | 'pending'))
    case 'eth_getBalance':
      return toHex(
        same(params[0] as Address, l1.OptimismPortal)
          ? must(find(params[1] as Selector)).state.portalWei
          : 10n ** 24n,
      )
    case 'eth_getCode':
      return hasCode(params[0] as Address) ? '0x00' : '0x'
    // Not every node knows it.
    case 'eth_createAccessList':
      if (chain.random.chance(0.5)) throw new NodeRefusalError(-32_601, 'the method does not exist')
      return { accessList: [], gasUsed: toHex(call(chain, headOf(chain), params[0] as Call).gas) }
    case 'eth_gasPrice':
      return toHex(headOf(chain).baseFee + 1_000_000_000n)
    case 'eth_maxPriorityFeePerGas':
      return toHex(1_000_000_000n)
    case 'eth_call':
      return call(chain, must(find((params[1] as Selector) ?? 'latest')), params[0] as Call).result
    case 'eth_estimateGas':
      return toHex(estimate(chain, params[0] as Call))
    case 'eth_getTransactionReceipt':
      return faults.strikes('rpc.null-receipt') ? null : receipt(chain, top, params[0] as Hash)
    case 'eth_getTransactionByHash':
      return transaction(chain, params[0] as Hash)
    case 'eth_getBlockReceipts':
      return blockReceipts(chain, faults, find({ blockHash: params[0] as Hash }))
    case 'eth_getLogs':
      return logs(chain, faults, top, params[0] as LogFilter)
    case 'eth_sendRawTransaction':
      return acceptL1(chain, params[0] as Hex)
    default:
      throw new UnknownToModelError(`L1's method ${method}`)
  }
}

/** How many nonces of a key are used; `pending` has what waits in a row above the newest block as well. */
function nonceAt(
  { pool }: L1Chain,
  find: (selector: Selector) => L1Block | undefined,
  key: Address,
  selector: Selector | 'pending',
): number {
  let nonce = must(find(selector === 'pending' ? 'latest' : selector)).state.nonces.get(key) ?? 0
  if (selector === 'pending') while (pool.get(key)?.has(nonce)) nonce += 1
  return nonce
}

function hasCode(address: Address): boolean {
  return [...Object.values(l1), ...targets].some((one) => same(one, address))
}

function blockAt({ blocks }: L1Chain, top: number, selector: Selector): L1Block | undefined {
  if (typeof selector === 'object') {
    return blocks.slice(0, top + 1).findLast(({ hash }) => hash === selector.blockHash)
  }
  if (selector === 'latest') return blocks[top]
  if (selector === 'finalized') return blocks[Math.max(0, blocks.length - 1 - Number(finalDepth))]
  if (!selector.startsWith('0x')) throw new UnknownToModelError(`L1's block ${selector}`)
  return Number(selector) > top ? undefined : blocks[Number(selector)]
}

function must(block: L1Block | undefined): L1Block {
  if (block === undefined) throw new NodeRefusalError(-32_000, 'header not found')
  return block
}

function call(chain: L1Chain, block: L1Block, { from = l1.Timelock, to, data }: Call) {
  // An estimate may be made with the time of the newest block, or with that of the next one.
  const timestamp = block.timestamp + (block === headOf(chain) ? BigInt(chain.random.below(2)) : 0n)
  return callL1(copyL1(block.state), { to, data }, environmentOf(chain, { from, timestamp }))
}

function estimate(chain: L1Chain, asked: Call): bigint {
  const { gas } = call(chain, headOf(chain), asked)
  const most = BigInt(asked.gas ?? blockGas)
  if (gas > most) throw new NodeRefusalError(-32_000, `gas required exceeds allowance (${most})`)
  return gas
}

function shown(block: L1Block | undefined): unknown {
  if (block === undefined) return null
  const { number, hash, parentHash, timestamp, baseFee } = block
  return {
    ...summaryOf(block, () => block.receipts.map(committed)),
    ...{ hash, parentHash, stateRoot: hash, number: toHex(number), timestamp: toHex(timestamp) },
    ...{ baseFeePerGas: toHex(baseFee), gasLimit: toHex(blockGas), gasUsed: '0x0' },
    transactions: block.receipts.map((one) => one.transaction.hash),
  }
}

function receipt({ blocks }: L1Chain, top: number, hash: Hash): unknown {
  const block = blocks
    .slice(0, top + 1)
    .findLast(({ receipts }) => receipts.some(({ transaction }) => transaction.hash === hash))
  const found = block?.receipts.find(({ transaction }) => transaction.hash === hash)
  return block === undefined || found === undefined ? null : shownReceipt(block, found)
}

/** Each uses as much; a header commits to the sum so far. */
const gasOfEach = 21_000
const gasUpTo = ({ position }: Receipt): number => gasOfEach * (position + 1)

function committed(receipt: Receipt): Committed {
  const { status, logs } = receipt
  return { type: 2, status, gasUsed: BigInt(gasUpTo(receipt)), logs }
}

/** Not every node knows the method. */
function blockReceipts(chain: L1Chain, faults: Faults, block: L1Block | undefined): unknown {
  if (chain.random.chance(0.3)) throw new NodeRefusalError(-32_601, 'the method does not exist')
  if (block === undefined) return null
  return omittingReceipts(
    faults,
    block.receipts.map((one) => shownReceipt(block, one)),
  )
}

function shownReceipt(block: L1Block, receipt: Receipt) {
  const { transaction, status, logs, position } = receipt
  return {
    ...{ transactionHash: transaction.hash, transactionIndex: toHex(position), from: transaction.from },
    ...{
      blockHash: block.hash,
      blockNumber: toHex(block.number),
      status: status === 'success' ? '0x1' : '0x0',
    },
    ...{
      to: 'to' in transaction ? transaction.to : l1.OptimismPortal,
      type: '0x2',
      gasUsed: toHex(gasOfEach),
    },
    ...{
      cumulativeGasUsed: toHex(gasUpTo(receipt)),
      effectiveGasPrice: toHex(block.baseFee),
      logs: logs.map(shownLog),
    },
    ...{ contractAddress: null, logsBloom: bloomOf(logs) },
  }
}

function transaction({ blocks, pool }: L1Chain, hash: Hash): unknown {
  const waiting = [...pool.values()].flatMap((byNonce) => [...byNonce.values()])
  const mined = blocks.flatMap(({ receipts }) => receipts.map(({ transaction: one }) => one))
  const found = [...waiting, ...mined].find((one) => one.hash === hash)
  if (found === undefined) return null
  return {
    hash,
    from: found.from,
    blockHash: null,
    blockNumber: null,
    nonce: '0x0',
    type: '0x2',
    value: '0x0',
    gas: '0x0',
  }
}

function logs({ blocks }: L1Chain, faults: Faults, top: number, filter: LogFilter): unknown {
  const { address, topics = [], blockHash, fromBlock = '0x0', toBlock = toHex(top) } = filter
  const wanted = [address].flat()
  const chosen =
    blockHash === undefined
      ? blocks.slice(Number(fromBlock), Math.min(top, toBlock.startsWith('0x') ? Number(toBlock) : top) + 1)
      : [must(blockAt({ blocks } as L1Chain, top, { blockHash }))]
  const found = chosen
    .flatMap((block) => block.logs)
    .filter((log) => wanted.some((one) => same(one, log.address)))
    .filter((log) => isAsked(log, topics))
  return omitting(faults, found).map(shownLog)
}

/** What a filter asks of the topics at each place: anything, one, or one of several. */
export type Topics = readonly (Hex | readonly Hex[] | null)[]

export function isAsked({ topics }: Pick<MinedLog, 'topics'>, asked: Topics): boolean {
  return asked.every((one, position) => one === null || [one].flat().includes(topics[position] ?? '0x'))
}

export function shownLog(log: MinedLog): unknown {
  return {
    ...log,
    blockNumber: toHex(log.blockNumber),
    transactionIndex: toHex(log.transactionIndex),
    logIndex: toHex(log.logIndex),
    removed: false,
  }
}
