import {
  type Address,
  type Hash,
  type Hex,
  keccak256,
  parseTransaction,
  type TransactionSerializedEIP1559,
  toHex,
} from 'viem'
import { BrokenPromiseError, UnknownToModelError } from './errors.ts'

// What a node of either chain makes of the bytes that the service signs.

export type KeyTransaction = {
  hash: Hash
  from: Address
  to: Address
  data: Hex
  nonce: number
  gas: bigint
  maxFeePerGas: bigint
  maxPriorityFeePerGas: bigint
  /** Not the service's: somebody else has its key. */
  isForeign?: boolean
}

/**
 * Reads a transaction for a chain. `effects` has what was first sent to it under each nonce of each key: the service never lets a nonce stand
 * for anything else.
 */
export function readSigned(raw: Hex, chainId: number, effects: Map<string, string>): KeyTransaction {
  // Safe: the outbox signs this type alone; anything else fails to parse.
  const signed = parseTransaction(raw as TransactionSerializedEIP1559)
  const { to, data = '0x', nonce = 0, gas = 0n, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n, r } = signed
  if (signed.chainId !== chainId)
    throw new BrokenPromiseError('nothing is signed for another chain', `chain ${signed.chainId}`)
  if (to === null || to === undefined || r === undefined)
    throw new UnknownToModelError('the creation of a contract')
  const from = toHex(BigInt(r), { size: 20 })
  const name = `${from} ${nonce}`
  const effect = effects.get(name) ?? `${to} ${data}`
  effects.set(name, effect)
  if (effect !== `${to} ${data}`)
    throw new BrokenPromiseError('a nonce stands for one effect', `${name} of chain ${chainId} was ${effect}`)
  return { hash: keccak256(raw), from, to, data, nonce, gas, maxFeePerGas, maxPriorityFeePerGas }
}

/** Whether a node refuses it in place of another one: both fees have to rise by a tenth. */
export function isUnderpriced(one: KeyTransaction, other: KeyTransaction): boolean {
  const isUnder = (fee: bigint, old: bigint) => fee * 100n < old * 110n
  return (
    isUnder(one.maxFeePerGas, other.maxFeePerGas) ||
    isUnder(one.maxPriorityFeePerGas, other.maxPriorityFeePerGas)
  )
}
