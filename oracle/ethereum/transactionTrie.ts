import { type Hex, keccak256, toRlp } from 'viem'
import { NoTransactionsError } from './errors.ts'
import { toRlpInteger } from './rlpInteger.ts'

/** A key, RLP of the position, as nibbles in hexadecimal. */
type Entry = { key: string; index: number; value: Hex }

export type LastTransaction = { index: bigint; nodes: Hex[] }

/** Root of a block without transactions. */
const NO_TRANSACTIONS: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/** The root in a header of a block of these transactions, as they stand in it. */
export function transactionsRoot(transactions: readonly Hex[]): Hex {
  if (transactions.length === 0) return NO_TRANSACTIONS
  return keccak256(encodeNode(entriesOf(transactions), 0, () => {}))
}

/** The nodes by which EthereumRelay sees the last transaction, and that none follows it. */
export function proveLastTransaction(transactions: readonly Hex[]): LastTransaction {
  if (transactions.length === 0) throw new NoTransactionsError()
  const last = transactions.length - 1
  const nodes = nodesOf(transactions, last)
  // Keys are 0x01 to 0x7f, then 0x8180 and on: beside 0x80, the key of 0. The walk to 0x8180 ends at its leaf.
  if (last === 127) nodes.push(...nodesOf(transactions, 0).slice(-1))
  return { index: BigInt(last), nodes }
}

/** The nodes on the way to a transaction, from the root down. */
export function nodesOf(transactions: readonly Hex[], index: number): Hex[] {
  const upward: Hex[] = []
  encodeNode(entriesOf(transactions), 0, (encoded, entries) => {
    if (entries.some((entry) => entry.index === index)) upward.push(encoded)
  })
  return upward.reverse()
}

function entriesOf(transactions: readonly Hex[]): Entry[] {
  return transactions.map((value, index) => ({
    key: toRlp(toRlpInteger(BigInt(index))).slice(2),
    index,
    value,
  }))
}

/** Visits children before their parent. No transaction is so short that its leaf would lie within the parent unhashed. */
function encodeNode(
  entries: readonly Entry[],
  depth: number,
  visit: (encoded: Hex, entries: readonly Entry[]) => void,
): Hex {
  const hashOf = (below: readonly Entry[], from: number) => keccak256(encodeNode(below, from, visit))
  const encoded = toRlp(itemsOf(entries, depth, hashOf))
  visit(encoded, entries)
  return encoded
}

function itemsOf(
  entries: readonly Entry[],
  depth: number,
  hashOf: (below: readonly Entry[], from: number) => Hex,
): Hex[] {
  const [first] = entries
  if (first === undefined) throw new NoTransactionsError()
  if (entries.length === 1) return [compactPath(first.key.slice(depth), true), first.value]

  const fork = forkOf(entries, depth)
  if (fork > depth) return [compactPath(first.key.slice(depth, fork), false), hashOf(entries, fork)]

  const children = Array.from({ length: 16 }, (_, nibble): Hex => {
    const below = entries.filter(({ key }) => key[depth] === nibble.toString(16))
    return below.length === 0 ? '0x' : hashOf(below, depth + 1)
  })
  return [...children, '0x']
}

/** How far all keys agree. No key is the beginning of another, so they part before any of them ends. */
function forkOf(entries: readonly Entry[], depth: number): number {
  const [first] = entries
  let fork = depth
  while (entries.every(({ key }) => key[fork] === first?.key[fork])) fork++
  return fork
}

/** Nibbles behind one that says leaf or extension and even or odd. */
function compactPath(nibbles: string, isLeaf: boolean): Hex {
  const odd = nibbles.length % 2
  const flags = (isLeaf ? 2 : 0) + odd
  return `0x${flags}${odd === 1 ? '' : '0'}${nibbles}`
}
