import type { Hex } from 'viem'
import { orderedTrieNodes, orderedTrieRoot } from '../../chain/orderedTrie.ts'
import { NoTransactionsError } from './errors.ts'

export type LastTransaction = { index: bigint; nodes: Hex[] }

/** The root in a header of a block of these transactions, as they stand in it. */
export function transactionsRoot(transactions: readonly Hex[]): Hex {
  return orderedTrieRoot(transactions)
}

/** The nodes by which EthereumRelay sees the last transaction, and that none follows it. */
export function proveLastTransaction(transactions: readonly Hex[]): LastTransaction {
  if (transactions.length === 0) throw new NoTransactionsError()
  const last = transactions.length - 1
  const nodes = nodesOf(transactions, last)
  // Keys are 0x01 to 0x7f, then 0x8180 and on: beside 0x80, the key of 0. The walk to 0x8180 ends at its leaf.
  if (last === 127) nodes.push(...nodesOf(transactions, 0).slice(-1))
  return { index: BigInt(last), nodes }
}

/** The nodes on the way to a transaction, from the root down. */
export function nodesOf(transactions: readonly Hex[], index: number): Hex[] {
  return orderedTrieNodes(transactions, index)
}
