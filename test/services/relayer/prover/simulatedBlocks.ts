import assert from 'node:assert/strict'
import { simulatorSeed } from '../../../../oracle/developmentNetworks.ts'
import {
  type ChainState,
  mineBlock,
  type SimulatedBlock,
  startOfChain,
} from '../../../../oracle/simulator/mine.ts'
import type { ProofSource } from '../../../../oracle/sources/blockSource.ts'

type Mined = { block: SimulatedBlock; next: ChainState }

export function mine(seed: string, from: ChainState, count: number): Mined[] {
  const blocks: Mined[] = []
  for (let state = from; blocks.length < count; ) {
    const found = mineBlock(seed, state)
    blocks.push(found)
    state = found.next
  }
  return blocks
}

/** The first three days and what lies before and after them. */
const mined = mine(simulatorSeed, startOfChain(simulatorSeed), 520)
export const main = mined.map(({ block }) => block)

/** Other blocks on top of the main chain's block at `height`. */
export function branchAt(height: number, seed: string, count: number): SimulatedBlock[] {
  const fork = mined.find(({ block }) => block.height === height)
  assert.ok(fork)
  return mine(seed, fork.next, count).map(({ block }) => block)
}

export function sourceOf(blocks: readonly SimulatedBlock[]): ProofSource {
  const last = blocks.at(-1)
  assert.ok(last)
  return {
    kind: 'simulator',
    confirmations: 6,
    async *blocks(after = 0) {
      yield* blocks.filter(({ height }) => height > after)
    },
    tip: async () => ({ height: last.height, hash: last.hash }),
    proofOf: async (wanted) => blocks.find(({ height }) => height === wanted) ?? assert.fail(),
  }
}
