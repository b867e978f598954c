import { setImmediate as breathe } from 'node:timers/promises'
import { type ChainState, mineBlock, type SimulatedBlock, startOfChain } from '../simulator/mine.ts'
import { firstHeight } from '../simulator/rules.ts'
import { confirmations, type ProofSource } from './blockSource.ts'
import { NoBlockAtHeightError } from './errors.ts'

const blocksPerSegment = 144
const keptSegments = 12

/** Where the simulated chain was left, so that a restart need not mine it again from its beginning. */
export type SimulatorCheckpoints = {
  /** The latest saved state at or below `height`. */
  before(height: number): Promise<ChainState | undefined>
  save(state: ChainState): Promise<void>
}

export type SimulatorParameters = { seed: string; checkpoints?: SimulatorCheckpoints }

type Segment = { blocks: SimulatedBlock[]; end: ChainState }

export type SimulatorSource = ProofSource<SimulatedBlock>

/** An endless Bitcoin chain with real headers, coinbases and Merkle trees; the seed alone decides every byte of it. */
export function createSimulatorSource({
  seed,
  checkpoints = memoryCheckpoints(),
}: SimulatorParameters): SimulatorSource {
  // Who reads days, brings headers and proves coinbases are some days apart: what is kept spares mining it again.
  let recent: Segment[] = []

  async function* blocks(afterHeight = firstHeight - 1): AsyncGenerator<SimulatedBlock, void, undefined> {
    let state = (await checkpoints.before(afterHeight + 1)) ?? startOfChain(seed)
    for (;;) {
      const segment = await segmentFrom(state)
      yield* segment.blocks.filter((block) => block.height > afterHeight)
      state = segment.end
    }
  }

  async function segmentFrom(start: ChainState): Promise<Segment> {
    const kept = recent.find((segment) => segment.blocks[0]?.height === start.height)
    if (kept !== undefined) return kept
    const segment = await mineSegment(seed, start)
    await checkpoints.save(segment.end)
    recent = [...recent.slice(1 - keptSegments), segment]
    return segment
  }

  async function proofOf(height: number): Promise<SimulatedBlock> {
    for await (const block of blocks(height - 1)) return block
    throw new NoBlockAtHeightError(height)
  }

  return { kind: 'simulator', confirmations, blocks, proofOf, tip: async () => undefined }
}

async function mineSegment(seed: string, start: ChainState): Promise<Segment> {
  const blocks: SimulatedBlock[] = []
  let end = start
  while (blocks.length < blocksPerSegment) {
    const { block, next } = mineBlock(seed, end)
    blocks.push(block)
    end = next
    // Other work of the process goes on between blocks.
    if (blocks.length % 16 === 0) await breathe()
  }
  return { blocks, end }
}

function memoryCheckpoints(): SimulatorCheckpoints {
  const states: ChainState[] = []
  return {
    before: async (height) => states.findLast((state) => state.height <= height),
    save: async (state) => {
      if ((states.at(-1)?.height ?? 0) < state.height) states.push(state)
    },
  }
}
