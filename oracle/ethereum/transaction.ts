import { concatHex, type Hex, keccak256, toRlp } from 'viem'
import { toRlpInteger } from '../../chain/rlpInteger.ts'
import type { EthereumTransaction } from './block.ts'
import { EthereumBlockShapeError, EthereumHashError, EthereumTransactionTypeError } from './errors.ts'

type RlpList = readonly (Hex | RlpList)[]

/** The transaction as it stands in its block: RLP, behind its type unless that is 0. */
export function encodeTransaction(transaction: EthereumTransaction): Hex {
  const encoded = encode(transaction)
  const hash = keccak256(encoded)
  if (hash !== transaction.hash.toLowerCase()) {
    throw new EthereumHashError('transaction', hash, transaction.hash)
  }
  return encoded
}

function encode(transaction: EthereumTransaction): Hex {
  switch (transaction.type) {
    case '0x0':
      return toRlp([
        toRlpInteger(transaction.nonce),
        integer(transaction, 'gasPrice'),
        ...call(transaction),
        ...signature(transaction, integer(transaction, 'v')),
      ])
    case '0x1':
      return typed('0x01', transaction, [integer(transaction, 'gasPrice')], [])
    case '0x2':
      return typed('0x02', transaction, fees(transaction), [])
    case '0x3':
      return typed('0x03', transaction, fees(transaction), [
        integer(transaction, 'maxFeePerBlobGas'),
        transaction.blobVersionedHashes ?? [],
      ])
    case '0x4':
      return typed('0x04', transaction, fees(transaction), [authorizations(transaction)])
    default:
      throw new EthereumTransactionTypeError(transaction.type)
  }
}

function typed(type: Hex, transaction: EthereumTransaction, prices: RlpList, extra: RlpList): Hex {
  const accessList = transaction.accessList ?? []
  const fields: RlpList = [
    integer(transaction, 'chainId'),
    toRlpInteger(transaction.nonce),
    ...prices,
    ...call(transaction),
    accessList.map(({ address, storageKeys }) => [address, storageKeys]),
    ...extra,
    ...signature(transaction, toRlpInteger(transaction.yParity ?? transaction.v ?? '0x0')),
  ]
  return concatHex([type, toRlp(fields)])
}

function call({ gas, to, value, input }: EthereumTransaction): Hex[] {
  return [toRlpInteger(gas), to ?? '0x', toRlpInteger(value), input]
}

function fees(transaction: EthereumTransaction): Hex[] {
  return [integer(transaction, 'maxPriorityFeePerGas'), integer(transaction, 'maxFeePerGas')]
}

function signature({ r, s }: EthereumTransaction, parity: Hex): Hex[] {
  return [parity, toRlpInteger(r), toRlpInteger(s)]
}

function authorizations({ authorizationList = [] }: EthereumTransaction): RlpList {
  return authorizationList.map(({ chainId, address, nonce, yParity, r, s }) => [
    toRlpInteger(chainId),
    address,
    toRlpInteger(nonce),
    toRlpInteger(yParity),
    toRlpInteger(r),
    toRlpInteger(s),
  ])
}

function integer(
  transaction: EthereumTransaction,
  field: 'gasPrice' | 'v' | 'chainId' | 'maxPriorityFeePerGas' | 'maxFeePerGas' | 'maxFeePerBlobGas',
): Hex {
  const value = transaction[field]
  if (value !== undefined) return toRlpInteger(value)
  throw new EthereumBlockShapeError([
    `transaction ${transaction.hash} of type ${transaction.type} lacks ${field}`,
  ])
}
