import {
  isSameOutput,
  type Oracle,
  type Output,
  readOracle,
  readOutputs,
  readOutputsSince,
} from '../../bridge/outputs.ts'
import { hashAt, type Network } from './network.ts'
import type { BlockId } from './replica.ts'

export type Head = BlockId & { timestamp: bigint }

/** What L1 holds at one block. */
export type Sight = {
  head: Head
  oracle: Oracle
  /** Those of the last two periods, oldest first: that long a matured one may still be of use to somebody. */
  outputs: readonly Output[]
  /** L1 gave up the block of the sight before. */
  reorganised: boolean
}

/** Follows the oracle's list with two calls a look; more only after deletions and reorganisations. */
export function createFollower(network: Pick<Network, 'l1' | 'manifest'>): () => Promise<Sight> {
  const { l1, manifest } = network
  let last: BlockId | undefined
  let known: readonly Output[] = []

  return async () => {
    const { number, hash, timestamp } = await l1.getBlock({ blockTag: 'latest' })
    const at = { blockHash: hash }
    const [oracle, lastIs] = await Promise.all([
      readOracle(l1, { manifest }, at),
      last === undefined ? undefined : hashAt(l1, last.number),
    ])
    const reorganised = last !== undefined && lastIs !== last.hash
    const since = timestamp - 2n * oracle.finalizationPeriodSeconds
    const list = { manifest, count: oracle.count, since }
    const more = reorganised ? undefined : await readMore(network, known, oracle, hash)
    const outputs = more ?? (await readOutputsSince(l1, list, at))
    known = outputs.filter((output) => output.timestamp > since)
    last = { number, hash }
    return { head: { number, hash, timestamp }, oracle, outputs: known, reorganised }
  }
}

/**
 * What is known and what came after it, or undefined where the list was cut. An output as it was, with its time, at the end of what is
 * known proves that nothing before it was cut: whatever is proposed again has a later time.
 */
async function readMore(
  { l1, manifest }: Pick<Network, 'l1' | 'manifest'>,
  known: readonly Output[],
  { count }: Oracle,
  blockHash: Head['hash'],
): Promise<readonly Output[] | undefined> {
  const last = known.at(-1)
  if (last === undefined || last.index >= count) return undefined
  const found = await readOutputs(l1, { manifest, from: last.index, to: count }, { blockHash })
  const [again, ...fresh] = found
  return again !== undefined && isSameOutput(again, last) ? [...known, ...fresh] : undefined
}
