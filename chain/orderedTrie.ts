import { type Hex, toRlp } from 'viem'
import { keccak256 } from './keccak.ts'
import { toRlpInteger } from './rlpInteger.ts'

/*
 * The Merkle-Patricia trie by which a header commits to a block's transactions, or to its receipts, in their order: the key of each is RLP of its
 * position. No value may be so short that its leaf would lie within its parent unhashed: none of 28 bytes or more is, and neither
 * a transaction nor a receipt has less.
 */

/** A key, RLP of the position, as nibbles in hexadecimal. */
type Entry = { key: string; index: number; value: Hex }

/** Root of the trie that holds nothing. */
const emptyRoot: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'

/** The root in a header of a block with these values, as they stand in it. */
export function orderedTrieRoot(values: readonly Hex[]): Hex {
  if (values.length === 0) return emptyRoot
  return keccak256(encodeNode(entriesOf(values), 0, () => {}))
}

/** The nodes on the way to a value, from the root down. */
export function orderedTrieNodes(values: readonly Hex[], index: number): Hex[] {
  const upward: Hex[] = []
  if (values.length === 0) return upward
  encodeNode(entriesOf(values), 0, (encoded, entries) => {
    if (entries.some((entry) => entry.index === index)) upward.push(encoded)
  })
  return upward.reverse()
}

function entriesOf(values: readonly Hex[]): Entry[] {
  return values.map((value, index) => ({ key: toRlp(toRlpInteger(BigInt(index))).slice(2), index, value }))
}

/** Visits children before their parent. Each node has at least one entry. */
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
  // Safe: of no entries there is no node.
  const first = entries[0] as Entry
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
