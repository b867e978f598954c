import type { BitcoinChain } from '../bitcoinChain.ts'
import { mineBlock, startOfChain } from './mine.ts'
import { easiestTarget, firstHeight, halvingInterval } from './rules.ts'

/** The rules of a simulated chain, for a source that reads it from a service like any other. */
export function simulatedChain(seed: string): BitcoinChain {
  const { block } = mineBlock(seed, startOfChain(seed))
  return {
    name: `the simulated chain of seed "${seed}"`,
    anchor: { height: block.height, hash: block.hash },
    firstHeight,
    halvingInterval,
    bip34Height: firstHeight,
    easiestTarget,
    retargets: true,
  }
}
