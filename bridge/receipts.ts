import {
  type Address,
  concatHex,
  type Hash,
  type Hex,
  hexToBigInt,
  type PublicClient,
  RpcRequestError,
  toHex,
  toRlp,
  BaseError as ViemError,
} from 'viem'
import { orderedTrieRoot } from '../chain/orderedTrie.ts'
import { toRlpInteger } from '../chain/rlpInteger.ts'
import { ReceiptsMismatchError } from './errors.ts'

/** What a header says of its block's receipts. Fields of a block as viem gives it. */
export type ReceiptsHeader = {
  number: bigint
  hash: Hash
  receiptsRoot: Hash
  /** By hash, or whole. */
  transactions: readonly (Hash | { hash: Hash })[]
}

export type BlockReceipt = {
  transactionHash: Hash
  status: 'success' | 'reverted'
  to: Address | null
  logs: readonly { address: Address; topics: readonly Hex[]; data: Hex }[]
}

type RawReceipt = {
  transactionHash: Hash
  /** Of the transaction; some nodes write it in capitals. */
  type: Hex
  status: Hex
  to: Address | null
  cumulativeGasUsed: Hex
  logsBloom: Hex
  logs: { address: Address; topics: Hex[]; data: Hex }[]
  /** Of deposits on L2. */
  depositNonce?: Hex
  depositReceiptVersion?: Hex
}

/**
 * The receipts of a block, in order. They hash to what its header says, so a node that shows the right header can neither
 * leave out nor make up a log in them. Throws ReceiptsMismatchError.
 */
export async function receiptsOfBlock(client: PublicClient, header: ReceiptsHeader): Promise<BlockReceipt[]> {
  const receipts = await askReceipts(client, header)
  const computed = rootOf(receipts)
  if (computed !== header.receiptsRoot) throw new ReceiptsMismatchError(header, computed)
  return receipts.map(({ transactionHash, status, to, logs }) => ({
    ...{ transactionHash, to, logs },
    status: status === '0x1' ? 'success' : 'reverted',
  }))
}

async function askReceipts(client: PublicClient, header: ReceiptsHeader): Promise<RawReceipt[]> {
  // Safe: viem sends any method as it is; what it answers is held against the root.
  const ask = client.request as unknown as (call: {
    method: string
    params: [Hash]
  }) => Promise<RawReceipt[] | null>
  try {
    return (await ask({ method: 'eth_getBlockReceipts', params: [header.hash] })) ?? []
  } catch (error) {
    const isRefused =
      error instanceof ViemError && error.walk((cause) => cause instanceof RpcRequestError) !== null
    if (!isRefused) throw error
    return askOneByOne(client, header)
  }
}

/** Not every node knows the method for a whole block. */
async function askOneByOne(client: PublicClient, { transactions }: ReceiptsHeader): Promise<RawReceipt[]> {
  const receipts: (RawReceipt | null)[] = []
  for (const transaction of transactions) {
    const hash = typeof transaction === 'string' ? transaction : transaction.hash
    // Safe: as above.
    const receipt = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
    receipts.push(receipt as RawReceipt | null)
  }
  return receipts.filter((receipt) => receipt !== null)
}

/** Undefined where a receipt lacks what it has to have: there is nothing that a node may not answer. */
function rootOf(receipts: readonly RawReceipt[]): Hash | undefined {
  try {
    return orderedTrieRoot(receipts.map(encodeReceipt))
  } catch {
    return undefined
  }
}

/** As the trie holds it: EIP-2718's type before the fields, none before those of old transactions. */
function encodeReceipt(receipt: RawReceipt): Hex {
  const { status, cumulativeGasUsed, logsBloom, logs, depositNonce, depositReceiptVersion } = receipt
  // Since Canyon a deposit's receipt commits to its nonce, and says so by its version.
  const ofDeposit =
    depositReceiptVersion === undefined
      ? []
      : [toRlpInteger(depositNonce ?? '0x0'), toRlpInteger(depositReceiptVersion)]
  const fields = toRlp([
    toRlpInteger(status),
    toRlpInteger(cumulativeGasUsed),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, topics, data]),
    ...ofDeposit,
  ])
  const type = hexToBigInt(receipt.type)
  return type === 0n ? fields : concatHex([toHex(type, { size: 1 }), fields])
}
