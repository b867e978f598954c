import { type Hash, type Hex, toHex } from 'viem'
import { cappedFee, feeCapOf } from '../dayTotals.ts'
import { ProofRangeError } from '../errors.ts'
import type { BlockProof } from './blockProof.ts'
import { groupHash, groupsOf, type HeaderBatch } from './headerBatches.ts'

/* What BitcoinRelay.proveCoinbases takes and keeps. */

const longestCoinbase = 2 ** 24 - 1
const longestBranch = 255

/** Lower medians of the fees of a block: of the day that is proven, and of the last closed day before it that had blocks, 0 if none. */
export type Medians = { medianFee: bigint; previousMedianFee: bigint }

/** The arguments of one call, by their names in the contract. */
export type CoinbaseProof = Medians & {
  checkpoint: Hash
  group: bigint
  otherGroupHashes: Hash[]
  proofs: Hex
}

/** What the contract has counted once these blocks are proven. */
export type Accumulator = {
  /** Blocks whose fees are below the median of the day, and blocks whose fees equal it. */
  below: number
  at: number
  subsidy: bigint
  fees: bigint
  cappedFees: bigint
}

/** One call for each group of a batch. */
export function coinbaseProofs(batch: HeaderBatch, medians: Medians): CoinbaseProof[] {
  const groups = groupsOf(batch)
  const hashes = groups.map(groupHash)
  return groups.map((blocks, index) => ({
    checkpoint: batch.checkpoint,
    group: BigInt(index),
    ...medians,
    otherGroupHashes: hashes.toSpliced(index, 1),
    proofs: encodeCoinbases(blocks),
  }))
}

/** For each block: length of the coinbase (3 bytes) ‖ length of the branch (1 byte) ‖ coinbase ‖ branch, lowest first. */
export function encodeCoinbases(blocks: readonly Pick<BlockProof, 'coinbase' | 'branch'>[]): Hex {
  return toHex(
    Buffer.concat(
      blocks.flatMap(({ coinbase, branch }) => {
        if (coinbase.length > longestCoinbase)
          throw new ProofRangeError('a coinbase of bytes', coinbase.length, `${longestCoinbase}`)
        if (branch.length > longestBranch)
          throw new ProofRangeError('a branch of nodes', branch.length, `${longestBranch}`)
        const lengths = Buffer.alloc(4)
        lengths.writeUIntBE(coinbase.length, 0, 3)
        lengths[3] = branch.length
        return [lengths, coinbase, ...branch]
      }),
    ),
  )
}

export function accumulate(
  blocks: readonly Pick<BlockProof, 'subsidy' | 'fees'>[],
  { medianFee, previousMedianFee }: Medians,
): Accumulator {
  const cap = feeCapOf(medianFee, previousMedianFee)
  const total = { below: 0, at: 0, subsidy: 0n, fees: 0n, cappedFees: 0n }
  for (const { subsidy, fees } of blocks) {
    if (fees < medianFee) total.below += 1
    if (fees === medianFee) total.at += 1
    total.subsidy += subsidy
    total.fees += fees
    total.cappedFees += cappedFee(fees, cap)
  }
  return total
}
