import { createByteReader } from './byteReader.ts'
import { BlockFormatError } from './errors.ts'
import { headerLength } from './header.ts'
import { readTransaction, serialiseTransaction, txidOf } from './transaction.ts'

export type RawBlock = {
  header: Uint8Array
  /** The first transaction, without witnesses. */
  coinbase: Uint8Array
  /** In hashing order, the leaves of the Merkle tree. */
  txids: Uint8Array[]
}

/** Reads one serialised block, with or without witnesses, to its last byte. Nothing of `bytes` is kept. */
export function parseBlock(bytes: Uint8Array): RawBlock {
  const reader = createByteReader(bytes, BlockFormatError)
  const header = Buffer.from(reader.take(headerLength))
  const transactions = reader.list(() => readTransaction(reader))
  reader.end()
  const [coinbase] = transactions
  if (coinbase === undefined) throw new BlockFormatError(headerLength, 'it has no transaction')
  return { header, coinbase: serialiseTransaction(coinbase), txids: transactions.map(txidOf) }
}
