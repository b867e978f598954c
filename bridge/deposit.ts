import {
  type Address,
  concatHex,
  getAbiItem,
  type Hash,
  type Hex,
  hexToBigInt,
  isHex,
  type Log,
  slice,
  toEventSelector,
  toFunctionSelector,
  toHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { serializeTransaction } from 'viem/op-stack'
import { opConstants, predeploys } from '../chain/generated/addresses.ts'
import { l1BlockAbi, optimismPortalAbi } from '../chain/generated/opAbi.ts'
import { checksumAddress, keccak256 } from '../chain/keccak.ts'
import { MalformedDepositError } from './errors.ts'

/** The transaction that L2 executes for a message of L1. Its hash follows from L1 alone. */
export type DepositTransaction = {
  sourceHash: Hash
  from: Address
  /** Absent when the deposit creates a contract. */
  to?: Address
  mint: bigint
  value: bigint
  gas: bigint
  data: Hex
}

export type Deposit = DepositTransaction & {
  /** The L2 transaction's hash, and the id of the message. */
  hash: Hash
  origin: { blockNumber: bigint; blockHash: Hash; transactionHash: Hash; logIndex: number }
}

/** What L2 is told of an L1 block before the deposits of that block are executed. */
export type L1Origin = {
  number: bigint
  hash: Hash
  timestamp: bigint
  baseFee: bigint
  blobBaseFee: bigint
}

export type MinedLog = Log<bigint, number, false>

// opaqueData, version 0: mint 32, value 32, gas 8, isCreation 1, then the call data.
const opaqueHeadBytes = 73

const depositEvent = getAbiItem({ abi: optimismPortalAbi, name: 'TransactionDeposited' })
export const depositTopic = toEventSelector(depositEvent)

/**
 * Reads one TransactionDeposited log of the portal, by the places of its digits: a history holds tens of thousands, and viem's decoders take
 * twice as long. Throws MalformedDepositError.
 */
export function decodeDeposit(log: MinedLog): Deposit {
  const { blockNumber, blockHash, transactionHash, logIndex } = log
  const [topic, from, to, version] = log.topics
  const refuse = (reason: string) => new MalformedDepositError(transactionHash, logIndex, reason)
  if (topic !== depositTopic || from === undefined || to === undefined || version === undefined) {
    throw refuse(`it is no ${depositEvent.name}`)
  }
  if (version !== zeroHash) throw refuse(`its version is ${hexToBigInt(version)}, only 0 is known`)
  const opaque = opaqueDigits(log.data)
  if (opaque === undefined) throw refuse('its data is not the one field that the portal writes')
  if (opaque.length < 2 * opaqueHeadBytes) {
    throw refuse(`it carries ${opaque.length / 2} bytes, at least ${opaqueHeadBytes} are needed`)
  }
  const number = (start: number, end: number) => BigInt(`0x${opaque.slice(2 * start, 2 * end)}`)
  const transaction: DepositTransaction = {
    sourceHash: sourceHash('userDeposit', blockHash, logIndex),
    from: addressIn(from),
    ...(number(72, 73) === 0n && { to: addressIn(to) }),
    mint: number(0, 32),
    value: number(32, 64),
    gas: number(64, 72),
    data: `0x${opaque.slice(2 * opaqueHeadBytes)}`,
  }
  return {
    ...transaction,
    hash: depositHash(transaction),
    origin: { blockNumber, blockHash, transactionHash, logIndex },
  }
}

const wordDigits = 64
/** The offset of the only field. */
const onlyField = 32n

/** The digits of the bytes that the data of a log consists of: their offset, their length, they themselves, and zeros up to whole words. */
function opaqueDigits(data: Hex): string | undefined {
  const head = 2 + 2 * wordDigits
  if (data.length < head || !isHex(data) || BigInt(data.slice(0, 2 + wordDigits)) !== onlyField) {
    return undefined
  }
  const end = head + 2 * Number(`0x${data.slice(2 + wordDigits, head)}`)
  return end > data.length ? undefined : data.slice(head, end)
}

const addressIn = (topic: Hash): Address => checksumAddress(`0x${topic.slice(-40)}`)

const domains = { userDeposit: 0, l1InfoDeposit: 1 }

/** What tells apart two deposits with the same words: `place` is the log's index, or the number of the L2 block on its L1 block. */
function sourceHash(domain: keyof typeof domains, l1BlockHash: Hash, place: number): Hash {
  const within = keccak256(`${l1BlockHash}${wordOf(place)}`)
  return keccak256(`0x${wordOf(domains[domain])}${within.slice(2)}`)
}

const wordOf = (number: number) => number.toString(16).padStart(wordDigits, '0')

export function serializeDeposit(deposit: DepositTransaction): Hex {
  const { sourceHash, from, to, mint, value, gas, data } = deposit
  return serializeTransaction({
    type: 'deposit',
    sourceHash,
    // In small letters viem need not hash them to see whether their capitals are right.
    from: lowercase(from),
    ...(to && { to: lowercase(to) }),
    mint,
    value,
    gas,
    data,
    isSystemTx: false,
  })
}

// Safe: digits in small letters stand for the same address.
const lowercase = (address: Address): Address => address.toLowerCase() as Address

export function depositHash(deposit: DepositTransaction): Hash {
  return keccak256(serializeDeposit(deposit))
}

/** What a transaction without call data costs, and every other one at least. */
export const plainGas = 21_000n

/**
 * What is left of a deposit that cannot be executed at all, such as one that moves more value than its sender has: on
 * OP it fails, and its sender keeps the mint. A node that refuses the transaction gets this one in its place.
 */
export function mintOnly({ sourceHash, from, mint }: DepositTransaction): DepositTransaction {
  return { sourceHash, from, to: zeroAddress, mint, value: 0n, gas: plainGas, data: '0x' }
}

// Regolith's allowance for the attributes transaction.
const attributesGas = 1_000_000n

/**
 * The first transaction of an L1 origin on L2: tells the L1Block predeploy which L1 block follows, in Ecotone's packed
 * form. The fee scalars are 0: this chain charges nothing for L1 data, and anvil fails every unfunded call otherwise.
 */
export function attributesDeposit(origin: L1Origin, batcherHash: Hash): DepositTransaction {
  return {
    sourceHash: sourceHash('l1InfoDeposit', origin.hash, 0),
    from: opConstants.DepositorAccount,
    to: predeploys.L1Block,
    mint: 0n,
    value: 0n,
    gas: attributesGas,
    data: encodeAttributes(origin, batcherHash),
  }
}

const attributesSelector = toFunctionSelector(
  getAbiItem({ abi: l1BlockAbi, name: 'setL1BlockValuesEcotone' }),
)

function encodeAttributes(origin: L1Origin, batcherHash: Hash): Hex {
  return concatHex([
    attributesSelector,
    toHex(0, { size: 4 }), // base fee scalar
    toHex(0, { size: 4 }), // blob base fee scalar
    toHex(0, { size: 8 }), // sequence number
    toHex(origin.timestamp, { size: 8 }),
    toHex(origin.number, { size: 8 }),
    toHex(origin.baseFee, { size: 32 }),
    toHex(origin.blobBaseFee, { size: 32 }),
    origin.hash,
    batcherHash,
  ])
}

/** The L1 origin that an attributes transaction announces, or undefined when `transaction` is another one. */
export function decodeAttributes(transaction: {
  from: Address
  to?: Address | null | undefined
  input: Hex
}): Pick<L1Origin, 'number' | 'hash' | 'timestamp'> | undefined {
  if (transaction.from.toLowerCase() !== opConstants.DepositorAccount.toLowerCase()) return undefined
  if (transaction.to?.toLowerCase() !== predeploys.L1Block.toLowerCase()) return undefined
  if (slice(transaction.input, 0, 4) !== attributesSelector) return undefined
  return {
    timestamp: BigInt(slice(transaction.input, 20, 28)),
    number: BigInt(slice(transaction.input, 28, 36)),
    hash: slice(transaction.input, 100, 132),
  }
}
