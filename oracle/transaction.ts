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
  const reader = createReader(bytes)
  const version = reader.int32()
  const segwit = reader.peek() === 0
  if (segwit && reader.take(2)[1] !== 1) throw new TransactionFormatError(5, 'the segwit flag is not 1')

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
  const lockTime = reader.uint32()
  reader.end()
  return { version, inputs, outputs, lockTime }
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

function createReader(bytes: Uint8Array) {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let offset = 0
  const take = (count: number): Uint8Array => {
    if (offset + count > view.length) {
      throw new TransactionFormatError(offset, `${count} bytes wanted, ${view.length - offset} left`)
    }
    offset += count
    return view.subarray(offset - count, offset)
  }
  const number = (count: number) => Buffer.from(take(count)).readUIntLE(0, count)
  const uint64 = () => Buffer.from(take(8)).readBigUInt64LE()
  const length = (): number => {
    const first = number(1)
    if (first < 0xfd) return first
    const value = first === 0xff ? Number(uint64()) : number(first === 0xfd ? 2 : 4)
    const least = first === 0xfd ? 0xfd : first === 0xfe ? 0x1_0000 : 0x1_0000_0000
    if (value < least)
      throw new TransactionFormatError(offset, `the length ${value} is not in its shortest form`)
    return value
  }
  return {
    take,
    length,
    uint64,
    uint32: () => number(4),
    int32: () => number(4) | 0,
    peek: () => view[offset],
    list: <Item>(item: () => Item): Item[] => {
      const count = length()
      // Every item takes at least a byte: a count beyond the input cannot reserve memory.
      if (count > view.length - offset) throw new TransactionFormatError(offset, `${count} items do not fit`)
      return Array.from({ length: count }, item)
    },
    end: () => {
      if (offset !== view.length)
        throw new TransactionFormatError(offset, `${view.length - offset} bytes follow`)
    },
  }
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
