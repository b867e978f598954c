import { type BitcoinChain, scheduledSubsidy } from '../bitcoinChain.ts'
import type { Block } from '../block.ts'
import { readCoinbase, splitReward } from '../coinbase.ts'
import { InvalidBlockError } from '../errors.ts'
import { toDisplay } from '../hash256.ts'
import { headerHash, parseHeader } from '../header.ts'
import { medianTimePast } from '../medianTime.ts'
import { rootOfBranch } from '../merkle.ts'
import { bitsToTarget } from '../target.ts'
import { parseTransaction, serialiseTransaction, txidOf } from '../transaction.ts'

/** A block with what proves its reward: its header, and its coinbase under the header's Merkle root. */
export type BlockProof = Block & {
  /** 80 bytes. */
  header: Uint8Array
  /** Without witnesses, as its txid is hashed. */
  coinbase: Uint8Array
  /** The siblings of the left-most way up, lowest first, in hashing order. */
  branch: Uint8Array[]
}

export type ProofParameters = {
  chain: BitcoinChain
  height: number
  header: Uint8Array
  /** Times of the headers before it, oldest first; the last ten count. */
  previousTimes: readonly number[]
  /** With or without witnesses. */
  coinbase: Uint8Array
  /** The siblings of the left-most way up, lowest first, in hashing order. */
  branch: Uint8Array[]
}

/** The facts of a block, each one from its bytes. Throws InvalidBlockError where coinbase, branch and header do not belong together. */
export function proveBlock({
  chain,
  height,
  header,
  previousTimes,
  coinbase,
  branch,
}: ProofParameters): BlockProof {
  const hash = headerHash(header)
  const { merkleRoot, time, bits } = parseHeader(header)
  const transaction = parseTransaction(coinbase)
  const root = toDisplay(rootOfBranch(txidOf(transaction), branch, 0))
  if (root !== merkleRoot) throw new InvalidBlockError(height, hash, 'the Merkle root', root, merkleRoot)

  const { paid, height: named } = readCoinbase(transaction)
  if (height >= chain.bip34Height && named !== height) {
    throw new InvalidBlockError(height, hash, 'a coinbase of height', named, height)
  }
  const { subsidy, fees } = splitReward(paid, scheduledSubsidy(height, chain))
  return {
    height,
    hash,
    time,
    medianTime: medianTimePast([...previousTimes, time]),
    subsidy,
    fees,
    target: bitsToTarget(bits),
    header,
    coinbase: serialiseTransaction(transaction),
    branch,
  }
}
