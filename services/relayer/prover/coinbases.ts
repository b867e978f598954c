import type { DayTotals } from '../../../oracle/dayTotals.ts'
import type { BlockProof } from '../../../oracle/proofs/blockProof.ts'
import { type CoinbaseProof, coinbaseProofs, type Medians } from '../../../oracle/proofs/coinbaseProofs.ts'
import { type HeaderBatch, headerBatches } from '../../../oracle/proofs/headerBatches.ts'
import { CheckpointsMissingError } from './errors.ts'
import type { HeadersParameters } from './headers.ts'
import type { Relay } from './relay.ts'
import type { RelayCall } from './send.ts'

/** Proves what each block of a day paid. Groups that somebody has proven are left out. */
export async function proveCoinbases(
  { relay, source, send }: HeadersParameters,
  totals: DayTotals,
  medians: Medians,
): Promise<void> {
  const batches = await batchesOf(relay, totals, await blocksOf(source, totals))
  const missing = await Promise.all(batches.map((batch) => missingProofs(relay, batch, medians)))
  // The longest first: its gas, and half as much again, is enough for the others.
  const calls = missing.flat().sort((a, b) => b.proofs.length - a.proofs.length)
  await send.alike(calls.map(callOf))
}

function callOf(proof: CoinbaseProof): RelayCall {
  const { checkpoint, group, medianFee, previousMedianFee, otherGroupHashes, proofs } = proof
  return {
    key: `coinbases/${checkpoint}/${group}/${medianFee}/${previousMedianFee}`,
    functionName: 'proveCoinbases',
    args: [checkpoint, group, medianFee, previousMedianFee, otherGroupHashes, proofs],
  }
}

async function blocksOf(source: HeadersParameters['source'], totals: DayTotals): Promise<BlockProof[]> {
  const blocks: BlockProof[] = []
  for await (const block of source.blocks(totals.firstHeight - 1)) {
    blocks.push(block)
    if (block.height >= totals.lastHeight) break
  }
  return blocks
}

/** The day's blocks as the relay got them, whoever cut them into batches, the last batch first. */
async function batchesOf(
  relay: Relay,
  { day }: DayTotals,
  blocks: readonly BlockProof[],
): Promise<HeaderBatch[]> {
  const checkpoints = await relay.checkpoints(blocks.map(({ hash }) => hash))
  const batches: HeaderBatch[] = []
  for (let end = blocks.length; end > 0; ) {
    const last = blocks[end - 1]
    const size = checkpoints[end - 1]?.blocks
    // A genesis has no batch, and a batch does not reach into the day before.
    if (last === undefined || size === undefined || size === 0 || size > end)
      throw new CheckpointsMissingError(day, last?.height ?? 0)
    batches.push(...headerBatches(blocks.slice(end - size, end)))
    end -= size
  }
  return batches
}

async function missingProofs(relay: Relay, batch: HeaderBatch, medians: Medians): Promise<CoinbaseProof[]> {
  const proven = await relay.provenGroups(batch.checkpoint, medians)
  return coinbaseProofs(batch, medians).filter(({ group }) => (proven & (1 << Number(group))) === 0)
}
