import type { Hash } from 'viem'
import { dayOf } from '../block.ts'
import { NoBlocksError } from '../errors.ts'
import { parseHeader } from '../header.ts'
import { medianTimeSpan } from '../medianTime.ts'
import { blocksPerRetarget, workOf } from '../target.ts'
import type { BlockProof } from './blockProof.ts'

/** The block that a relay is trusted to start from, by the names in the contract. */
export type RelayGenesis = {
  hash: Hash
  height: number
  chainwork: bigint
  bits: number
  epochStart: number
  times: number[]
}

export type GenesisParameters = {
  /** The last blocks up to the genesis of the relay, oldest first: eleven, or all that the chain has. */
  blocks: readonly Pick<BlockProof, 'hash' | 'height' | 'header' | 'time'>[]
  /** Of the chain up to and including it, as the node's RPC gives it. */
  chainwork: bigint
  /** Time of the first block of its difficulty epoch. */
  epochStart: number
}

const never = 2 ** 32 - 1

/**
 * The genesis of a relay whose first day is `firstDay`, from the blocks of a chain from its very first one on: the last block before that
 * day. Its chainwork counts from there, so it suits chains for development; of mainnet, take a block of a known epoch.
 */
export async function genesisBefore(
  blocks: AsyncIterable<BlockProof>,
  firstDay: number,
): Promise<RelayGenesis> {
  const before: BlockProof[] = []
  for await (const block of blocks) {
    if (dayOf(block.medianTime) >= firstDay) break
    before.push(block)
  }
  const height = before.at(-1)?.height ?? 0
  const epochStart = before.find((block) => block.height === epochStartHeight(height))
  if (epochStart === undefined) throw new NoBlocksError('The genesis of a relay')
  const chainwork = before.reduce((work, { target }) => work + workOf(target), 0n)
  return relayGenesis({ blocks: before, chainwork, epochStart: epochStart.time })
}

export function relayGenesis({ blocks, chainwork, epochStart }: GenesisParameters): RelayGenesis {
  const last = blocks.at(-1)
  if (last === undefined) throw new NoBlocksError('The genesis of a relay')
  const { hash, height, header } = last
  return {
    hash,
    height,
    chainwork,
    bits: parseHeader(header).bits,
    epochStart,
    times: checkpointTimes(blocks.map(({ time }) => time)),
  }
}

/**
 * The last eleven times, oldest first. Near the start of a chain, what is missing is filled with times that leave the median
 * where consensus has it: pairs of 0 and the end of time, and one 0 before them where nothing else is there.
 */
export function checkpointTimes(times: readonly number[]): number[] {
  const last = times.slice(-medianTimeSpan)
  const missing = medianTimeSpan - last.length
  return [...filler.slice(filler.length - missing), ...last]
}

const filler = [0, ...Array.from({ length: 5 }, () => [0, never]).flat()]

/** Height of the first block of the difficulty epoch that `height` belongs to. */
export function epochStartHeight(height: number): number {
  return height - (height % blocksPerRetarget)
}
