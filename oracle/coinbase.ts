import { NotCoinbaseError } from './errors.ts'
import type { Transaction, TransactionOutput } from './transaction.ts'

export type CoinbaseParameters = {
  height: number
  /** Free bytes after the height: a pool's tag, an extra nonce. */
  tag: Uint8Array
  outputs: TransactionOutput[]
}

/** A coinbase that names its height as BIP 34 wants it. */
export function buildCoinbase({ height, tag, outputs }: CoinbaseParameters): Transaction {
  return {
    version: 2,
    inputs: [
      {
        previousTxid: new Uint8Array(32),
        previousIndex: 0xffff_ffff,
        script: Buffer.concat([heightPush(height), tag]),
        sequence: 0xffff_ffff,
      },
    ],
    outputs,
    lockTime: 0,
  }
}

export type Coinbase = {
  /** Undefined before BIP 34 was enforced: the first push is not a height then. */
  height: number | undefined
  /** Sum of the outputs: subsidy and fees as claimed, satoshi. */
  paid: bigint
}

/** What a coinbase says. Throws NotCoinbaseError for any other transaction. */
export function readCoinbase({ inputs, outputs }: Transaction): Coinbase {
  const [input] = inputs
  if (input === undefined || inputs.length !== 1) throw new NotCoinbaseError(`it has ${inputs.length} inputs`)
  if (input.previousIndex !== 0xffff_ffff || input.previousTxid.some((byte) => byte !== 0)) {
    throw new NotCoinbaseError('its input spends another transaction')
  }
  return {
    height: heightOf(input.script),
    paid: outputs.reduce((sum, { value }) => sum + value, 0n),
  }
}

/** A miner may claim less than the schedule allows; what is beyond it are fees. */
export function splitReward(paid: bigint, schedule: bigint): { subsidy: bigint; fees: bigint } {
  return paid < schedule ? { subsidy: paid, fees: 0n } : { subsidy: schedule, fees: paid - schedule }
}

function heightPush(height: number): Uint8Array {
  if (height >= 1 && height <= 16) return Uint8Array.of(0x50 + height)
  const bytes: number[] = []
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256)
  // Script numbers are signed: a set top bit takes one more byte.
  if ((bytes.at(-1) ?? 0) >= 0x80) bytes.push(0)
  return Uint8Array.of(bytes.length, ...bytes)
}

function heightOf(script: Uint8Array): number | undefined {
  const [first] = script
  if (first === undefined || first === 0) return undefined
  if (first >= 0x51 && first <= 0x60) return first - 0x50
  const bytes = script.subarray(1, 1 + first)
  if (first > 4 || bytes.length !== first) return undefined
  const height = bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
  const shortest = Buffer.from(heightPush(height))
  return shortest.equals(script.subarray(0, shortest.length)) && shortest.length === first + 1
    ? height
    : undefined
}
