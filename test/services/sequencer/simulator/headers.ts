import { concatHex, type Hash, type Hex, hexToBytes, keccak256, numberToHex, toHex, toRlp, trim } from 'viem'
import { orderedTrieRoot } from '../../../../chain/orderedTrie.ts'
import type { Faults } from './faults.ts'
import type { MinedLog } from './l1Chain.ts'

// What a header says of the logs of its block, for the models of both chains; and how a node hides some of them.

/** What a receipt commits to. A deposit's has a nonce besides. */
export type Committed = {
  type: number
  status: 'success' | 'reverted'
  gasUsed: bigint
  logs: readonly MinedLog[]
  depositNonce?: bigint
}

export type Striking = Pick<Faults, 'strikes' | 'coin'>

type Summary = { receiptsRoot: Hash; logsBloom: Hex }

/** A block never changes. */
const known = new WeakMap<object, Summary>()

export function summaryOf(block: object, receipts: () => readonly Committed[]): Summary {
  const found = known.get(block) ?? summarise(receipts())
  known.set(block, found)
  return found
}

function summarise(receipts: readonly Committed[]): Summary {
  return {
    receiptsRoot: orderedTrieRoot(receipts.map(encoded)),
    logsBloom: bloomOf(receipts.flatMap(({ logs }) => logs)),
  }
}

const minimal = (number: bigint): Hex => (number === 0n ? '0x' : trim(numberToHex(number, { size: 32 })))

function encoded({ type, status, gasUsed, logs, depositNonce }: Committed): Hex {
  const fields = [
    status === 'success' ? '0x01' : '0x',
    minimal(gasUsed),
    bloomOf(logs),
    logs.map(({ address, topics, data }) => [address, topics, data]),
  ] as const
  const ofDeposit = depositNonce === undefined ? [] : [minimal(depositNonce), '0x01' as const]
  return concatHex([toHex(type, { size: 1 }), toRlp([...fields, ...ofDeposit])])
}

/** The Yellow Paper's bloom filter, as one number of 2048 bits. */
export function bloomOf(logs: readonly Pick<MinedLog, 'address' | 'topics'>[]): Hex {
  let bloom = 0n
  for (const word of logs.flatMap(({ address, topics }) => [address, ...topics])) {
    const hash = hexToBytes(keccak256(word))
    for (const at of [0, 2, 4]) {
      const pair = BigInt((hash[at] ?? 0) * 256 + (hash[at + 1] ?? 0))
      bloom |= 1n << (pair % 2048n)
    }
  }
  return toHex(bloom, { size: 256 })
}

/** A node that lies by omission: of all logs, of the last of them, or of none. */
export function omitting<Item>(faults: Striking, items: readonly Item[]): readonly Item[] {
  if (items.length === 0 || !faults.strikes('rpc.logs-missing')) return items
  return faults.coin() ? [] : items.slice(0, -1)
}

/** The same of a block's receipts: one is gone, or says nothing of its logs. */
export function omittingReceipts<Receipt extends { logs: unknown }>(
  faults: Striking,
  receipts: readonly Receipt[],
): readonly Receipt[] {
  if (receipts.length === 0 || !faults.strikes('rpc.receipts-incomplete')) return receipts
  return faults.coin() ? receipts.slice(1) : receipts.map((receipt) => ({ ...receipt, logs: [] }))
}
