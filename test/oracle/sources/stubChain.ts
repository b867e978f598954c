import {
  type ChainState,
  mineBlock,
  type SimulatedBlock,
  startOfChain,
} from '../../../oracle/simulator/mine.ts'

/** A chain for stub services: simulated blocks that can be reorganised. */
export type StubChain = {
  /** The best chain, in order. */
  blocks: SimulatedBlock[]
  find(hash: string): SimulatedBlock | undefined
  at(height: number): SimulatedBlock | undefined
  tip(): SimulatedBlock
  mine(count: number): void
  /** Takes the last `depth` blocks back and mines `count` others in their place. */
  reorganise(depth: number, count: number): void
}

export function createStubChain(seed: string, count: number): StubChain {
  const states: ChainState[] = [startOfChain(seed)]
  const all = new Map<string, SimulatedBlock>()
  const blocks: SimulatedBlock[] = []
  let branch = seed
  const mine = (more: number) => {
    for (let mined = 0; mined < more; mined++) {
      const { block, next } = mineBlock(branch, states[blocks.length] ?? startOfChain(seed))
      blocks.push(block)
      states.push(next)
      all.set(block.hash.slice(2), block)
    }
  }
  mine(count)
  const tip = () => {
    const last = blocks.at(-1)
    if (last === undefined) throw new Error('a stub chain has at least one block')
    return last
  }
  return {
    blocks,
    mine,
    tip,
    find: (hash) => all.get(hash),
    at: (height) => blocks[height - (blocks[0]?.height ?? 0)],
    reorganise(depth, more) {
      blocks.length -= depth
      states.length -= depth
      branch = `${branch}'`
      mine(more)
    },
  }
}

/** A block as a node stores it. */
export function rawBlock({ header, transactions }: SimulatedBlock): Uint8Array {
  const count =
    transactions.length < 0xfd
      ? Uint8Array.of(transactions.length)
      : Uint8Array.of(0xfd, transactions.length & 0xff, transactions.length >> 8)
  return Buffer.concat([header, count, ...transactions])
}
