import { concatHex, encodeAbiParameters, type Hash, keccak256, toHex } from 'viem'
import { EthereumLeavesError } from './errors.ts'

/** What a day commits to of one L1 block: the `Leaf` of `IEthereumRelay`. */
export type EthereumLeaf = {
  number: bigint
  hash: Hash
  gasUsed: bigint
  /** Wei per gas. */
  baseFee: bigint
  /** Wei. */
  payment: bigint
}

/** The `LeafProof` of `IEthereumRelay`. */
export type EthereumLeafProof = { leaf: EthereumLeaf; position: bigint; count: bigint; branch: Hash[] }

const leafParameters = [
  { name: 'number', type: 'uint64' },
  { name: 'hash', type: 'bytes32' },
  { name: 'gasUsed', type: 'uint64' },
  { name: 'baseFee', type: 'uint128' },
  { name: 'payment', type: 'uint128' },
] as const

export function hashLeaf({ number, hash, gasUsed, baseFee, payment }: EthereumLeaf): Hash {
  return keccak256(encodeAbiParameters(leafParameters, [number, hash, gasUsed, baseFee, payment]))
}

/** The `poolRowsRoot` of a day's report: keccak256(count ‖ top of the tree). Refuses a day that could be challenged by its order. */
export function dayRoot(leaves: readonly EthereumLeaf[]): Hash {
  leaves.forEach(({ number }, position) => {
    const before = leaves[position - 1]
    if (before !== undefined && number !== before.number + 1n) {
      throw new EthereumLeavesError(`Block ${number} stands where block ${before.number + 1n} follows`)
    }
  })
  const top = levelsOf(leaves).at(-1)?.[0]
  if (top === undefined) throw new EthereumLeavesError('A day has no root without a block')
  return keccak256(concatHex([toHex(leaves.length, { size: 32 }), top]))
}

/** The siblings of a leaf, from it up, without levels that have none. */
export function proveLeaf(leaves: readonly EthereumLeaf[], position: number): EthereumLeafProof {
  const leaf = leaves[position]
  if (leaf === undefined) {
    throw new EthereumLeavesError(`There is no leaf ${position} in a day of ${leaves.length}`)
  }
  const siblings = levelsOf(leaves).map((level, height) => level[(position >> height) ^ 1])
  return {
    leaf,
    position: BigInt(position),
    count: BigInt(leaves.length),
    branch: siblings.filter((sibling) => sibling !== undefined),
  }
}

/** From the leaves to the top. The last node of an odd level moves up as it is. */
function levelsOf(leaves: readonly EthereumLeaf[]): Hash[][] {
  let level = leaves.map(hashLeaf)
  const levels = [level]
  while (level.length > 1) {
    level = above(level)
    levels.push(level)
  }
  return levels
}

function above(level: readonly Hash[]): Hash[] {
  const parents: Hash[] = []
  for (let at = 0; at < level.length; at += 2) {
    const pair = level.slice(at, at + 2)
    const [single] = pair
    parents.push(pair.length === 1 && single !== undefined ? single : keccak256(concatHex(pair)))
  }
  return parents
}
