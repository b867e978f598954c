import { isHex } from 'viem'

// What kind of answer a JSON-RPC request wants. Nodes that are honest and not equally far may only be compared where the answer does not move with the head.

export type Request = { method: string; params?: unknown }

export type Question =
  /** Changes the chain, or tries to: it is told to all. */
  | { kind: 'send' }
  /** A block named by a tag, or its number. */
  | { kind: 'head'; tag: string }
  /** Asks of the state under a tag; `at` is the place of the tag in the params. */
  | { kind: 'state'; tag: string; at: number }
  /** An opinion of the node's own; numbers that do not have to be equal. */
  | { kind: 'opinion' }
  /** One answer is right, for every node that has come so far. */
  | { kind: 'fact' }

/** Where a method takes its block. */
const blockParam: Record<string, number> = {
  eth_call: 1,
  eth_feeHistory: 1,
  eth_getBalance: 1,
  eth_getCode: 1,
  eth_getProof: 2,
  eth_getStorageAt: 2,
  eth_getTransactionCount: 1,
}
const opinions = new Set(['eth_blobBaseFee', 'eth_estimateGas', 'eth_gasPrice', 'eth_maxPriorityFeePerGas'])

export function questionOf({ method, params }: Request): Question {
  const list = Array.isArray(params) ? params : []
  if (method === 'eth_sendRawTransaction') return { kind: 'send' }
  if (method === 'eth_blockNumber') return { kind: 'head', tag: 'latest' }
  if (opinions.has(method)) return { kind: 'opinion' }
  if (method === 'eth_getBlockByNumber' && !isHex(list[0])) return { kind: 'head', tag: tagOf(list[0]) }
  const at = blockParam[method]
  const block: unknown = at === undefined ? '0x' : list[at]
  // By number, or by hash in an object.
  if (at === undefined || isHex(block) || (typeof block === 'object' && block !== null)) {
    return { kind: 'fact' }
  }
  return { kind: 'state', tag: tagOf(block), at }
}

/** `pending` is each node's own affair: what can be agreed on is the newest block. */
function tagOf(block: unknown): string {
  return typeof block === 'string' && block !== 'pending' ? block : 'latest'
}
