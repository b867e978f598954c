import { secondsPerDay } from '../../../oracle/block.ts'
import type { RandomStream } from '../../../oracle/simulator/randomStream.ts'
import type { Btcd } from './btcd.ts'
import { type BlockWish, type Miner, submit } from './miner.ts'

/** The day after the genesis of regtest: 2011-02-03. */
export const firstDay = 15_008
export const blocksPerDay = 40

/** Blocks of one day, their times in no order. Some carry fees, one a fortune, one claims less than it may. */
export async function mineDay(btcd: Btcd, line: Miner, day: number, random: RandomStream): Promise<void> {
  for (let at = 0; at < blocksPerDay; at++) {
    const slot = Math.floor(secondsPerDay / blocksPerDay)
    const time = day * secondsPerDay + Math.min(at * slot + random.below(3 * slot), secondsPerDay - 1)
    await submit(btcd, line.build({ time, ...wishAt(at, random) }))
  }
}

function wishAt(at: number, random: RandomStream): Omit<BlockWish, 'time'> {
  if (at === 7) return { fees: [1_000_000_000n] }
  if (at === 11) return { unclaimed: 12_345n }
  return { fees: Array.from({ length: random.below(4) }, () => BigInt(1_000 + random.below(50_000))) }
}
