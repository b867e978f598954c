import type { Hash } from 'viem'
import type { BlockProof } from '../../../oracle/proofs/blockProof.ts'
import { encodeHeaders, headerBatches } from '../../../oracle/proofs/headerBatches.ts'
import type { ProofSource } from '../../../oracle/sources/blockSource.ts'
import { workOf } from '../../../oracle/target.ts'
import { NoCommonBlockError, SourceChainLighterError } from './errors.ts'
import type { Checkpoint, Relay, RelayState } from './relay.ts'
import type { Send } from './send.ts'

/** The relay takes no branch that leaves its best chain further down. */
const reorganisationBlocks = 2_016
/** Heights asked for at once on the way down. */
const stepBlocks = 144

export type HeadersParameters = { relay: Relay; source: ProofSource; send: Send }

/**
 * Brings headers of the source's chain to the relay, at least up to height `until`, and as far as it takes to make that chain the best
 * one there. Nothing where the relay has them.
 */
export async function addHeaders(
  { relay, source, send }: HeadersParameters,
  { best }: Pick<RelayState, 'best'>,
  until: number,
): Promise<void> {
  const anchor = await commonBlock(relay, source, best)
  const isBest = anchor.hash === best.hash
  if (isBest && best.height >= until) return

  const blocks: BlockProof[] = []
  let { chainwork } = anchor
  const isEnough = (height: number) => height >= until && (isBest || chainwork > best.chainwork)
  for await (const block of source.blocks(anchor.height)) {
    blocks.push(block)
    chainwork += workOf(block.target)
    if (isEnough(block.height)) break
  }
  if (chainwork <= best.chainwork) throw new SourceChainLighterError(best.hash, best.chainwork, chainwork)
  for (const batch of headerBatches(blocks)) {
    await send({
      key: `headers/${batch.parent}/${batch.checkpoint}`,
      functionName: 'addHeaders',
      args: [batch.parent, encodeHeaders(batch)],
    })
  }
}

/** The highest checkpoint of the relay that is on the source's chain. */
async function commonBlock(
  relay: Relay,
  source: ProofSource,
  best: RelayState['best'],
): Promise<Checkpoint & { hash: Hash }> {
  const tip = await source.tip()
  const top = Math.min(best.height, tip?.height ?? best.height)
  const lowest = Math.max(0, best.height - reorganisationBlocks)
  // Mostly it is the best one itself.
  for (let high = top, count = 1; high >= lowest; high -= count, count = stepBlocks) {
    const blocks = await blocksDown(source, high, Math.min(count, high - lowest + 1))
    if (blocks.length === 0) break
    const hashes = blocks.map(({ hash }) => hash)
    for (const [position, found] of (await relay.checkpoints(hashes)).entries()) {
      const hash = hashes[position]
      if (found !== undefined && hash !== undefined) return { ...found, hash }
    }
  }
  throw new NoCommonBlockError(best.hash, best.height, reorganisationBlocks)
}

/** `count` blocks from `height` downwards, fewer or none where the source begins. */
async function blocksDown(source: ProofSource, height: number, count: number): Promise<BlockProof[]> {
  const blocks: BlockProof[] = []
  for await (const block of source.blocks(Math.max(-1, height - count))) {
    if (block.height > height) break
    blocks.unshift(block)
    if (block.height === height) break
  }
  return blocks
}
