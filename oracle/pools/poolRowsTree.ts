import { concat, type Hash, hashStruct, keccak256, size, stringToHex, zeroHash } from 'viem'
import {
  NoSuchPoolRowError,
  PoolRowIncompleteError,
  PoolRowRangeError,
  PoolRowsMixedError,
} from './errors.ts'
import type { Pool, PoolRow } from './poolRow.ts'

/*
 * A leaf is the EIP-712 struct hash of its row: 192 bytes under a type hash. A node is the hash of its two children, the
 * smaller one first: 64 bytes. Neither can be passed off as the other, and OpenZeppelin's MerkleProof verifies the proofs.
 * Leaves are sorted; a node without a sibling moves up as it is.
 */

const types = {
  PoolRow: [
    { name: 'pool', type: 'bytes32' },
    { name: 'day', type: 'uint24' },
    { name: 'hashrate', type: 'uint128' },
    { name: 'rewardPerUnit', type: 'uint256' },
    { name: 'scheme', type: 'bytes32' },
  ],
} as const

/** Whether the row can be a leaf: it has a hashrate that earned. */
export function isComplete({ hashrate, rewardPerUnit }: PoolRow): boolean {
  return hashrate !== undefined && rewardPerUnit !== undefined
}

/** The leaf of a complete row. Names are ASCII, left-aligned in 32 bytes. */
export function poolRowLeaf(row: PoolRow): Hash {
  const { pool, day, scheme } = row
  const data = {
    pool: stringToHex(pool, { size: 32 }),
    day: inRange(row, 'day', BigInt(day), 24n),
    hashrate: inRange(row, 'hashrate', row.hashrate, 128n),
    rewardPerUnit: inRange(row, 'rewardPerUnit', row.rewardPerUnit, 256n),
    scheme: stringToHex(scheme, { size: 32 }),
  }
  return hashStruct({ data: { ...data, day: Number(data.day) }, types, primaryType: 'PoolRow' })
}

/** What a report carries. Without a row it is zero. Rows are of one day, one a pool; their order does not matter. */
export function poolRowsRoot(rows: readonly PoolRow[]): Hash {
  return levelsOf(rows).at(-1)?.[0] ?? zeroHash
}

/** The siblings from the pool's row up to the root. */
export function poolRowProof(rows: readonly PoolRow[], pool: Pool): Hash[] {
  const row = rows.find((candidate) => candidate.pool === pool)
  if (row === undefined) throw new NoSuchPoolRowError(pool)
  const levels = levelsOf(rows)
  const place = levels[0]?.indexOf(poolRowLeaf(row)) ?? -1
  return levels.flatMap((level, depth) => level[(place >> depth) ^ 1] ?? [])
}

export function verifyPoolRow(row: PoolRow, proof: readonly Hash[], root: Hash): boolean {
  if (proof.some((sibling) => size(sibling) !== 32)) return false
  return BigInt(proof.reduce(nodeOf, poolRowLeaf(row))) === BigInt(root)
}

/** From the sorted leaves up to the one root. */
function levelsOf(rows: readonly PoolRow[]): Hash[][] {
  requireOneDay(rows)
  let level = rows.map(poolRowLeaf).sort()
  const levels = [level]
  while (level.length > 1) {
    const below = level
    level = below.flatMap((left, at) => {
      if (at % 2 === 1) return []
      const right = below[at + 1]
      return [right === undefined ? left : nodeOf(left, right)]
    })
    levels.push(level)
  }
  return levels
}

function requireOneDay(rows: readonly PoolRow[]): void {
  const day = rows[0]?.day
  for (const row of rows) {
    const twice = rows.filter(({ pool }) => pool === row.pool).length > 1
    if (twice || row.day !== day) throw new PoolRowsMixedError(row.pool, row.day, day ?? row.day)
  }
}

function nodeOf(one: Hash, other: Hash): Hash {
  return keccak256(BigInt(one) < BigInt(other) ? concat([one, other]) : concat([other, one]))
}

function inRange(row: PoolRow, field: string, value: bigint | undefined, bits: bigint): bigint {
  if (value === undefined) throw new PoolRowIncompleteError(row.pool, row.day, field)
  const limit = 2n ** bits - 1n
  if (value < 0n || value > limit) throw new PoolRowRangeError(row.pool, field, value, limit)
  return value
}
