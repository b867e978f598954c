import type { Hex } from 'viem'
import type { EthereumBlock } from './block.ts'
import { EthereumBlockShapeError } from './errors.ts'
import type { EthereumLeaf } from './leaves.ts'

/** What the price of a transaction is known from: its receipt. */
export type EthereumReceipt = { transactionHash: Hex; gasUsed: Hex; effectiveGasPrice: Hex }

/**
 * Wei that the proposer was paid for a block: what its fee recipient sends by the last transaction, which is how builders pay, or else
 * the priority fees. Undefined where these are needed and the receipts were not given.
 */
export function paymentOf(block: EthereumBlock, receipts?: readonly EthereumReceipt[]): bigint | undefined {
  const last = block.transactions.at(-1)
  if (last === undefined) return 0n
  if (last.from.toLowerCase() === block.miner.toLowerCase()) return BigInt(last.value)
  return receipts === undefined ? undefined : priorityFeesOf(block, receipts)
}

export function leafOf(block: EthereumBlock, payment: bigint): EthereumLeaf {
  return {
    number: BigInt(block.number),
    hash: block.hash,
    gasUsed: BigInt(block.gasUsed),
    baseFee: BigInt(block.baseFeePerGas),
    payment,
  }
}

function priorityFeesOf(block: EthereumBlock, receipts: readonly EthereumReceipt[]): bigint {
  const baseFee = BigInt(block.baseFeePerGas)
  const byHash = new Map(receipts.map((receipt) => [receipt.transactionHash.toLowerCase(), receipt]))
  let used = 0n
  let fees = 0n
  for (const { hash } of block.transactions) {
    const receipt = byHash.get(hash.toLowerCase())
    if (receipt === undefined)
      throw new EthereumBlockShapeError([`there is no receipt of transaction ${hash}`])
    used += BigInt(receipt.gasUsed)
    fees += BigInt(receipt.gasUsed) * (BigInt(receipt.effectiveGasPrice) - baseFee)
  }
  if (used !== BigInt(block.gasUsed)) {
    throw new EthereumBlockShapeError([`receipts use ${used} gas and the block ${BigInt(block.gasUsed)}`])
  }
  return fees
}
