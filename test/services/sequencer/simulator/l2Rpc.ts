import {
  type Abi,
  decodeFunctionData,
  encodeFunctionResult,
  erc20Abi,
  type Hash,
  type Hex,
  toHex,
  toRlp,
  zeroHash,
} from 'viem'
import { l1BlockAbi } from '../../../../chain/generated/opAbi.ts'
import { NodeRefusalError, UnknownToModelError } from './errors.ts'
import { bloomOf, type Committed, omitting, omittingReceipts, type Striking, summaryOf } from './headers.ts'
import { headOf, type MinedLog } from './l1Chain.ts'
import { isAsked, shownLog, type Topics } from './l1Rpc.ts'
import { type L2Block, type L2Chain, type L2Receipt, type L2Tx, readDeposit } from './l2Chain.ts'
import { acceptKey, callMessenger, estimateRelay } from './l2Keys.ts'
import { confirmations, finalDepth, l1BlockPredeploy, l2Messenger, passer, same, token } from './places.ts'

type Filter = { address: Hex; topics?: Topics; blockHash?: Hash; fromBlock?: Hex; toBlock?: Hex }

/** What both engines answer. */
export function answerL2(
  chain: L2Chain,
  faults: Striking,
  method: string,
  params: readonly unknown[],
): unknown {
  const { blocks } = chain
  switch (method) {
    case 'eth_chainId':
      return toHex(901)
    case 'eth_blockNumber':
      return toHex(blocks.length - 1)
    case 'eth_getBlockByNumber':
      return shown(find(chain, params[0] as Hex), params[1] === true)
    case 'eth_call':
      return call(held(chain, params[1] as Hex), params[0] as { to: Hex; data: Hex })
    case 'eth_getBalance':
      held(chain, params[1] as Hex)
      return toHex(everybodysWei)
    case 'eth_getTransactionReceipt':
      return faults.strikes('rpc.null-receipt') ? null : receipt(chain, params[0] as Hash)
    case 'eth_getBlockReceipts':
      return receipts(
        faults,
        blocks.find(({ hash, number }) => hash === params[0] || toHex(number) === params[0]),
      )
    case 'eth_getLogs':
      return omitting(faults, logs(chain, params[0] as Filter)).map(shownLog)
    case 'eth_getTransactionCount':
      return toHex(held(chain, params[1] as Hex).state.nonces.get(params[0] as Hex) ?? 0)
    case 'eth_gasPrice':
    case 'eth_maxPriorityFeePerGas':
      return toHex(baseFee)
    case 'eth_estimateGas':
      return toHex(estimateRelay(chain, params[0] as { from: Hex; to: Hex; data: Hex }))
    case 'eth_getTransactionByHash': {
      const found = everyTx(chain).find(({ hash }) => hash === params[0])
      return found === undefined ? null : shownTx(found, undefined)
    }
    case 'eth_sendRawTransaction':
      return send(chain, params[0] as Hex)
    case 'eth_getProof':
      return proof(held(chain, params[2] as Hex), params[0] as Hex, params[1] as Hash[])
    default:
      throw new UnknownToModelError(`L2's method ${method}`)
  }
}

export const changesL2 = ['evm_mine', 'eth_sendRawTransaction', 'anvil_dropTransaction', 'anvil_rollback']

function send(chain: L2Chain, raw: Hex): Hash {
  if (raw.startsWith('0x02')) return acceptKey(chain, raw)
  const tx = raw.startsWith('0x7e') ? readDeposit(raw) : chain.users.get(raw)
  if (tx === undefined) throw new UnknownToModelError(`the L2 transaction ${raw.slice(0, 20)}`)
  if (chain.pool.some(({ hash }) => hash === tx.hash))
    throw new NodeRefusalError(-32_003, 'transaction already imported')
  if (
    tx.kind === 'user' &&
    chain.blocks.some(({ receipts }) => receipts.some((one) => one.tx.hash === tx.hash))
  ) {
    throw new NodeRefusalError(-32_003, 'nonce too low')
  }
  if (tx.kind === 'deposit' && tx.value > everybodysWei + tx.mint)
    throw new NodeRefusalError(-32_003, 'Insufficient funds for gas * price + value')
  chain.pool.push(tx)
  return tx.hash
}

const baseFee = 7n

/** The model knows who has how much only in sum. */
const everybodysWei = 10n ** 29n

export function everyTx({ blocks, pool }: L2Chain): L2Tx[] {
  return [...pool, ...blocks.flatMap(({ receipts }) => receipts.map(({ tx }) => tx))]
}

export const typeOf = ({ kind }: L2Tx): Hex => (kind === 'deposit' ? '0x7e' : '0x2')

type Selector = Hex | 'latest' | 'pending' | 'safe' | 'finalized'

function find(chain: L2Chain, selector: Selector): L2Block | undefined {
  const { blocks } = chain
  if (selector === 'latest' || selector === 'pending') return blocks.at(-1)
  if (selector === 'safe') return standingOn(chain, confirmations)
  if (selector === 'finalized') return standingOn(chain, finalDepth)
  if (!selector.startsWith('0x')) throw new UnknownToModelError(`L2's block ${selector}`)
  return blocks[Number(selector)]
}

/** The newest block whose origin is so deep in L1. */
function standingOn({ blocks, l1 }: L2Chain, depth: bigint): L2Block | undefined {
  const top = headOf(l1).number - depth
  return blocks.findLast(({ number, state }) => number === 0n || state.origin.number <= top)
}

function held(chain: L2Chain, selector: Hex): L2Block {
  const block = find(chain, selector)
  if (block === undefined || Number(block.number) < chain.base)
    throw new NodeRefusalError(-32_001, 'state not found')
  return block
}

function shown(block: L2Block | undefined, whole: boolean): unknown {
  if (block === undefined) return null
  const { number, hash, parentHash, stateRoot, timestamp, receipts } = block
  return {
    ...summaryOf(block, () => receipts.map((one) => committed(block, one))),
    ...{
      hash,
      parentHash,
      stateRoot,
      number: toHex(number),
      timestamp: toHex(timestamp),
      baseFeePerGas: toHex(baseFee),
      gasLimit: toHex(30_000_000),
      gasUsed: '0x0',
    },
    transactions: receipts.map(({ tx }) => (whole ? shownTx(tx, block) : tx.hash)),
  }
}

function shownTx(tx: L2Tx, block: L2Block | undefined): unknown {
  const at = { blockHash: block?.hash ?? null, blockNumber: block === undefined ? null : toHex(block.number) }
  const place = { hash: tx.hash, ...at, nonce: '0x0', gas: '0x0' }
  if (tx.kind === 'key')
    return { ...place, type: '0x2', from: tx.from, to: tx.to, value: '0x0', input: tx.data }
  if (tx.kind === 'user')
    return { ...place, type: '0x2', from: tx.plan.from, to: passer, value: '0x0', input: '0x' }
  const { from, to, mint, value, data, sourceHash } = tx
  return { ...place, type: '0x7e', from, to, mint: toHex(mint), value: toHex(value), input: data, sourceHash }
}

function call(block: L2Block, { to, data }: { to: Hex; data: Hex }): Hex {
  const { state } = block
  const give = (abi: Abi, functionName: string, result: unknown) =>
    encodeFunctionResult({ abi, functionName, result })
  if (same(to, l1BlockPredeploy)) {
    const { functionName } = decodeFunctionData({ abi: l1BlockAbi, data })
    if (functionName === 'number') return give(l1BlockAbi, functionName, state.origin.number)
    if (functionName === 'hash') return give(l1BlockAbi, functionName, state.origin.hash)
    throw new UnknownToModelError(`L1Block's ${functionName}`)
  }
  if (same(to, l2Messenger)) return callMessenger(block, data)
  if (!same(to, token.l2)) throw new UnknownToModelError(`an L2 contract at ${to}`)
  const { functionName } = decodeFunctionData({ abi: erc20Abi, data })
  if (functionName !== 'totalSupply') throw new UnknownToModelError(`the token's ${functionName}`)
  return give(erc20Abi, functionName, state.supply)
}

function receipt({ blocks }: L2Chain, hash: Hash): unknown {
  for (const block of blocks.toReversed()) {
    const found = block.receipts.find(({ tx }) => tx.hash === hash)
    if (found !== undefined) return shownReceipt(block, found)
  }
  return null
}

function receipts(faults: Striking, block: L2Block | undefined): unknown {
  if (block === undefined) return null
  return omittingReceipts(
    faults,
    block.receipts.map((one) => shownReceipt(block, one)),
  )
}

/** A deposit's nonce is part of its receipt. Any number will do that follows from its place. */
function committed({ number }: L2Block, { tx, status, logs: own, position }: L2Receipt): Committed {
  const isDeposit = tx.kind === 'deposit'
  const gasUsed = BigInt(21_000 * (position + 1))
  return {
    ...{ type: isDeposit ? 0x7e : 2, status, logs: own, gasUsed },
    ...(isDeposit && { depositNonce: number + BigInt(position) }),
  }
}

function shownReceipt(block: L2Block, one: L2Receipt) {
  const { tx, status, logs: own, position } = one
  const { gasUsed, depositNonce } = committed(block, one)
  return {
    ...{
      transactionHash: tx.hash,
      transactionIndex: toHex(position),
      blockHash: block.hash,
      blockNumber: toHex(block.number),
    },
    ...{
      from: tx.kind === 'user' ? tx.plan.from : tx.from,
      to: tx.kind === 'user' ? passer : tx.to,
      type: typeOf(tx),
    },
    ...{ status: status === 'success' ? '0x1' : '0x0', logs: own.map(shownLog), logsBloom: bloomOf(own) },
    ...{ gasUsed: toHex(21_000), cumulativeGasUsed: toHex(gasUsed) },
    ...{ effectiveGasPrice: '0x0', contractAddress: null },
    ...(depositNonce !== undefined && { depositNonce: toHex(depositNonce), depositReceiptVersion: '0x1' }),
  }
}

function logs(
  { blocks }: L2Chain,
  { address, topics = [], blockHash, fromBlock = '0x0', toBlock = '0x0' }: Filter,
): MinedLog[] {
  const chosen =
    blockHash === undefined
      ? blocks.slice(Number(fromBlock), Number(toBlock) + 1)
      : blocks.filter(({ hash }) => hash === blockHash)
  if (blockHash !== undefined && chosen.length === 0) throw new NodeRefusalError(-32_000, 'unknown block')
  return chosen
    .flatMap((block) => block.logs)
    .filter((log) => same(log.address, address) && isAsked(log, topics))
}

/** A proof whose one node says which slot stands under which root: enough for the portal of the model. */
function proof({ storageRoot }: L2Block, address: Hex, slots: readonly Hash[]): unknown {
  const entries = slots.map((slot) => ({ key: slot, value: '0x1', proof: [toRlp([slot, storageRoot])] }))
  return {
    ...{ address, accountProof: [], balance: '0x0', codeHash: zeroHash, nonce: '0x0' },
    ...{ storageHash: storageRoot, storageProof: entries },
  }
}
