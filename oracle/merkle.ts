import { MerkleTreeError } from './errors.ts'
import { hash256 } from './hash256.ts'

/*
 * Bitcoin's tree over the txids of a block, in hashing order. A level of odd length repeats its last node.
 */

export function merkleRoot(txids: readonly Uint8Array[]): Uint8Array {
  let level = txids
  while (level.length > 1) level = parents(level)
  const [root] = level
  if (root === undefined) throw new MerkleTreeError(0, 0)
  return root
}

/** The siblings on the way from leaf `index` up to the root, lowest first. */
export function merkleBranch(txids: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= txids.length)
    throw new MerkleTreeError(index, txids.length)
  const branch: Uint8Array[] = []
  let level = txids
  for (let at = index; level.length > 1; at >>= 1) {
    branch.push(level[at ^ 1] ?? level[at] ?? new Uint8Array(32))
    level = parents(level)
  }
  return branch
}

/** The root that `txid` at `index` has under `branch`: equal to the header's root exactly if it belongs there. */
export function rootOfBranch(txid: Uint8Array, branch: readonly Uint8Array[], index: number): Uint8Array {
  let node = txid
  for (const [depth, sibling] of branch.entries()) {
    node = (index >> depth) & 1 ? joined(sibling, node) : joined(node, sibling)
  }
  return node
}

function parents(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let at = 0; at < level.length; at += 2) {
    const left = level[at] ?? new Uint8Array(32)
    above.push(joined(left, level[at + 1] ?? left))
  }
  return above
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash256(Buffer.concat([left, right]))
}
