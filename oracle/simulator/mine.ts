import type { Hash } from 'viem'
import { buildCoinbase } from '../coinbase.ts'
import { hash256, toDisplay } from '../hash256.ts'
import { serialiseHeader } from '../header.ts'
import { medianTimePast, medianTimeSpan } from '../medianTime.ts'
import { merkleBranch, rootOfBranch } from '../merkle.ts'
import type { BlockProof } from '../proofs/blockProof.ts'
import { bitsToTarget, blocksPerRetarget, nextBits } from '../target.ts'
import { serialiseTransaction, type Transaction } from '../transaction.ts'
import { type RandomStream, randomStream } from './randomStream.ts'
import {
  clockError,
  easiestTarget,
  feesAt,
  firstBits,
  firstHeight,
  meanInterval,
  startTime,
  subsidyAt,
  transactionCount,
} from './rules.ts'

/** Everything that the next block depends on, beside the seed. */
export type ChainState = {
  /** Height of the next block. */
  height: number
  previousHash: Hash
  /** Times of the last eleven headers. */
  times: number[]
  bits: number
  /** Time of the first block of the difficulty epoch. */
  epochStart: number
  /** The simulated world's own time, which headers know only roughly. */
  trueTime: number
}

export type SimulatedBlock = BlockProof & {
  /** The transactions as they are hashed, the coinbase first. */
  transactions: Uint8Array[]
  /** In hashing order, the leaves of the Merkle tree. */
  txids: Uint8Array[]
}

export function startOfChain(seed: string): ChainState {
  return {
    height: firstHeight,
    previousHash: toDisplay(hash256(Buffer.from(`hashsand/${seed}`))),
    times: [],
    bits: firstBits,
    epochStart: startTime,
    trueTime: startTime,
  }
}

/** Mines the next block: the same seed and state give the same block on every machine. */
export function mineBlock(seed: string, state: ChainState): { block: SimulatedBlock; next: ChainState } {
  const random = randomStream(`${seed}/${state.height}`)
  const trueTime = state.trueTime + random.waiting(meanInterval(state.bits, state.trueTime))
  const earliest = state.times.length === 0 ? startTime : medianTimePast(state.times) + 1
  const time = Math.max(trueTime + clockError(random), earliest)

  const body = blockBody(state.height, random)
  const txids = body.transactions.map(hash256)
  const [coinbase = new Uint8Array()] = body.transactions
  const branch = merkleBranch(txids, 0)
  const header = serialiseHeader({
    version: 0x2000_0000,
    previousHash: state.previousHash,
    merkleRoot: toDisplay(rootOfBranch(hash256(coinbase), branch, 0)),
    time,
    bits: state.bits,
    nonce: 0,
  })
  const target = bitsToTarget(state.bits)
  const hash = solve(header, target)
  const times = [...state.times, time].slice(-medianTimeSpan)
  const { height } = state
  const medianTime = medianTimePast(times)
  const block = { height, hash, time, medianTime, target, header, coinbase, branch, txids, ...body }
  return {
    block,
    next: { ...afterRetarget(state, time), height: height + 1, previousHash: hash, times, trueTime },
  }
}

function afterRetarget(state: ChainState, time: number): ChainState {
  const position = state.height % blocksPerRetarget
  const epochStart = position === 0 ? time : state.epochStart
  if (position < blocksPerRetarget - 1) return { ...state, epochStart }
  const bits = nextBits({ bits: state.bits, firstTime: epochStart, lastTime: time, limit: easiestTarget })
  return { ...state, epochStart, bits }
}

function blockBody(height: number, random: RandomStream) {
  const count = transactionCount(random)
  const subsidy = subsidyAt(height)
  const fees = feesAt(height, count, random)
  const coinbase = buildCoinbase({
    height,
    tag: Buffer.concat([Buffer.from('/hashsand/'), random.bytes(8)]),
    outputs: [{ value: subsidy + fees, script: payToKeyHash(random) }],
  })
  const others = Array.from({ length: count }, () => payment(random))
  return { subsidy, fees, transactions: [coinbase, ...others].map(serialiseTransaction) }
}

/** A payment in form only: what it spends exists nowhere. */
function payment(random: RandomStream): Transaction {
  return {
    version: 2,
    inputs: [
      { previousTxid: random.bytes(32), previousIndex: 0, script: new Uint8Array(), sequence: 0xffff_fffd },
    ],
    outputs: [{ value: BigInt(1_000 + random.below(2 ** 31)), script: payToKeyHash(random) }],
    lockTime: 0,
  }
}

/** OP_0 and a 20-byte key hash. */
function payToKeyHash(random: RandomStream): Uint8Array {
  return Buffer.concat([Uint8Array.of(0, 20), random.bytes(20)])
}

/** Counts the nonce up in place until the hash meets the target. 2^32 nonces hold a solution for any target used here. */
function solve(header: Uint8Array, target: bigint): Hash {
  const view = Buffer.from(header.buffer, header.byteOffset, header.length)
  const limit = Buffer.from(target.toString(16).padStart(64, '0'), 'hex')
  for (let nonce = 0; ; nonce++) {
    view.writeUInt32LE(nonce, 76)
    const found = hash256(view)
    if (isAtMost(found, limit)) return toDisplay(found)
  }
}

/** Compares a hash in hashing order, its least byte first, with a number whose greatest byte is first. */
function isAtMost(found: Uint8Array, limit: Uint8Array): boolean {
  for (const [index, most] of limit.entries()) {
    const byte = found[31 - index] ?? 0
    if (byte !== most) return byte < most
  }
  return true
}
