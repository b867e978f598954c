import { type ByteReader, createByteReader } from './byteReader.ts'
import { TransactionFormatError } from './errors.ts'
import { hash256 } from './hash256.ts'

export type TransactionInput = {
  /** In hashing order. */
  previousTxid: Uint8Array
  previousIndex: number
  script: Uint8Array
  sequence: number
}

export type TransactionOutput = { value: bigint; script: Uint8Array }

export type Transaction = {
  version: number
  inputs: TransactionInput[]
  outputs: TransactionOutput[]
  lockTime: number
}

/** Reads one transaction, with or without witnesses. Witnesses are checked for form and left out: the txid ignores them. */
export function parseTransaction(bytes: Uint8Array): Transaction {
  const reader = createByteReader(bytes, TransactionFormatError)
  const transaction = readTransaction(reader)
  reader.end()
  return transaction
}

/** The transaction that comes next. */
export function readTransaction(reader: ByteReader): Transaction {
  const version = reader.int32()
  const segwit = reader.peek() === 0
  if (segwit) reader.marker(0x0100, 'the segwit flag is not 1')

  const inputs = reader.list(() => ({
    previousTxid: reader.take(32),
    previousIndex: reader.uint32(),
    script: reader.take(reader.length()),
    sequence: reader.uint32(),
  }))
  const outputs = reader.list(() => ({ value: reader.uint64(), script: reader.take(reader.length()) }))
  if (segwit) {
    for (const _ of inputs) reader.list(() => reader.take(reader.length()))
  }
  return { version, inputs, outputs, lockTime: reader.uint32() }
}

/** The serialisation without witnesses: what the txid and a coinbase proof are about. */
export function serialiseTransaction({ version, inputs, outputs, lockTime }: Transaction): Uint8Array {
  return Buffer.concat([
    int32(version),
    compactSize(inputs.length),
    ...inputs.flatMap((input) => [
      input.previousTxid,
      uint32(input.previousIndex),
      compactSize(input.script.length),
      input.script,
      uint32(input.sequence),
    ]),
    compactSize(outputs.length),
    ...outputs.flatMap((output) => [uint64(output.value), compactSize(output.script.length), output.script]),
    uint32(lockTime),
  ])
}

/** In hashing order. */
export function txidOf(transaction: Transaction): Uint8Array {
  return hash256(serialiseTransaction(transaction))
}

function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value)
  const bytes = Buffer.alloc(value <= 0xffff ? 3 : 5)
  bytes[0] = value <= 0xffff ? 0xfd : 0xfe
  bytes.writeUIntLE(value, 1, bytes.length - 1)
  return bytes
}

function int32(value: number): Uint8Array {
  return uint32(value >>> 0)
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function uint64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}
