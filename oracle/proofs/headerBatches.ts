import { concatHex, type Hash, type Hex, keccak256, toHex } from 'viem'
import { dayOf } from '../block.ts'
import { BrokenChainError, HeaderLengthError, NoBlocksError, ProofRangeError } from '../errors.ts'
import { headerLength, parseHeader } from '../header.ts'
import type { BlockProof } from './blockProof.ts'

/*
 * What BitcoinRelay.addHeaders takes. The blocks of a batch belong to one day, so that a checkpoint does, and their Merkle
 * roots are committed to in groups, so that the coinbases of one group can be proven without the others.
 */

/** Blocks in one call at most, and coinbases in one group. */
export const maxBatchBlocks = 252
export const groupSize = 12

export type HeaderBlock = Pick<BlockProof, 'height' | 'hash' | 'medianTime' | 'header'>

export type HeaderBatch<Member extends HeaderBlock = BlockProof> = {
  day: number
  /** The block that the first one stands on. The relay must have a checkpoint there. */
  parent: Hash
  /** The last block, which becomes a checkpoint. */
  checkpoint: Hash
  blocks: readonly Member[]
}

/** Consecutive blocks cut at midnight and at `limit` blocks. Throws BrokenChainError where one does not stand on the one before. */
export function headerBatches<Member extends HeaderBlock>(
  blocks: readonly Member[],
  limit = maxBatchBlocks,
): HeaderBatch<Member>[] {
  if (limit < 1 || limit > maxBatchBlocks)
    throw new ProofRangeError('blocks', limit, `1 to ${maxBatchBlocks}`)
  const cuts: Member[][] = []
  for (const [index, block] of blocks.entries()) {
    const previous = blocks[index - 1]
    if (previous !== undefined) checkLink(previous, block)
    const open = cuts.at(-1)
    const isSameDay = previous !== undefined && dayOf(previous.medianTime) === dayOf(block.medianTime)
    if (open !== undefined && isSameDay && open.length < limit) open.push(block)
    else cuts.push([block])
  }
  return cuts.map(batchOf)
}

/** A header as the relay takes it: without the previous hash, which its place implies. 48 bytes. */
export function compactHeader(header: Uint8Array): Uint8Array {
  if (header.length !== headerLength) throw new HeaderLengthError(header.length)
  return Buffer.concat([header.subarray(0, 4), header.subarray(36)])
}

export function encodeHeaders({ blocks }: HeaderBatch<HeaderBlock>): Hex {
  return toHex(Buffer.concat(blocks.map(({ header }) => compactHeader(header))))
}

/** The blocks of a batch by groups, the rest in the last one. */
export function groupsOf<Member extends HeaderBlock>({ blocks }: HeaderBatch<Member>): Member[][] {
  return Array.from({ length: Math.ceil(blocks.length / groupSize) }, (_, group) =>
    blocks.slice(group * groupSize, (group + 1) * groupSize),
  )
}

/** keccak256 over the Merkle roots of a group, in wire order. */
export function groupHash(group: readonly HeaderBlock[]): Hash {
  return keccak256(Buffer.concat(group.map(({ header }) => header.subarray(36, 68))))
}

/** What the checkpoint of a batch stores of its Merkle roots. */
export function rootsCommitment(batch: HeaderBatch<HeaderBlock>): Hash {
  return keccak256(concatHex(groupsOf(batch).map(groupHash)))
}

function batchOf<Member extends HeaderBlock>(blocks: readonly Member[]): HeaderBatch<Member> {
  const first = blocks[0]
  const last = blocks.at(-1)
  if (first === undefined || last === undefined) throw new NoBlocksError('A header batch')
  const { previousHash } = parseHeader(first.header)
  return { day: dayOf(last.medianTime), parent: previousHash, checkpoint: last.hash, blocks }
}

function checkLink(previous: HeaderBlock, { height, header }: HeaderBlock): void {
  const { previousHash } = parseHeader(header)
  if (previousHash !== previous.hash) throw new BrokenChainError(height, previousHash, previous.hash)
}
