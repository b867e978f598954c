import type { Address, Hex } from 'viem'
import { z } from 'zod'
import { EthereumBlockShapeError } from './errors.ts'

const sized = (bytes: number) =>
  z.custom<Hex>(
    (value) => typeof value === 'string' && new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`, 'i').test(value),
  )
const word = sized(32)
const address = sized(20) as z.ZodType<Address>
const data = z.custom<Hex>((value) => typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value))
/** A number as the RPC writes it: hexadecimal, without leading zeros. */
const quantity = z.custom<Hex>(
  (value) => typeof value === 'string' && /^0x(0|[1-9a-f][0-9a-f]*)$/i.test(value),
)

const signature = { r: quantity, s: quantity }
const accessList = z.array(z.object({ address, storageKeys: z.array(word) }))
const authorizationList = z.array(
  z.object({ chainId: quantity, address, nonce: quantity, yParity: quantity, ...signature }),
)

const transaction = z.object({
  hash: word,
  from: address,
  type: quantity,
  nonce: quantity,
  gas: quantity,
  to: address.nullable(),
  value: quantity,
  input: data,
  v: quantity.optional(),
  yParity: quantity.optional(),
  ...signature,
  chainId: quantity.optional(),
  gasPrice: quantity.optional(),
  maxPriorityFeePerGas: quantity.optional(),
  maxFeePerGas: quantity.optional(),
  maxFeePerBlobGas: quantity.optional(),
  accessList: accessList.optional(),
  blobVersionedHashes: z.array(word).optional(),
  authorizationList: authorizationList.optional(),
})

const header = z.object({
  hash: word,
  parentHash: word,
  sha3Uncles: word,
  miner: address,
  stateRoot: word,
  transactionsRoot: word,
  receiptsRoot: word,
  logsBloom: sized(256),
  difficulty: quantity,
  number: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  timestamp: quantity,
  extraData: data,
  mixHash: word,
  nonce: sized(8),
  baseFeePerGas: quantity,
  withdrawalsRoot: word.optional(),
  blobGasUsed: quantity.optional(),
  excessBlobGas: quantity.optional(),
  parentBeaconBlockRoot: word.optional(),
  requestsHash: word.optional(),
})

const block = header.extend({ transactions: z.array(transaction) })

/** Fields as the RPC gives them, checked for their form. */
export type EthereumTransaction = z.infer<typeof transaction>
export type EthereumHeader = z.infer<typeof header>
export type EthereumBlock = z.infer<typeof block>

/** An answer to eth_getBlockByHash or eth_getBlockByNumber with full transactions. Fields that are not known are dropped. */
export function parseBlock(answer: unknown): EthereumBlock {
  const parsed = block.safeParse(answer)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new EthereumBlockShapeError(problems, parsed.error)
}
