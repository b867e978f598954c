import type { Hash } from 'viem'
import { bitsToTarget } from './target.ts'

/** What tells one chain that follows Bitcoin's rules from another. */
export type BitcoinChain = {
  name: string
  /** A block that only this chain has. */
  anchor: { height: number; hash: Hash }
  /** Where the chain begins: no block lies before it. */
  firstHeight: number
  /** Blocks between two halvings of the subsidy. */
  halvingInterval: number
  /** From here on a coinbase names its height. */
  bip34Height: number
  /** No target is easier than this one. */
  easiestTarget: bigint
  /** Whether the target follows the times of each 2,016 blocks; a chain for tests keeps its first one for ever. */
  retargets: boolean
}

const firstSubsidy = 5_000_000_000n

export const mainnet: BitcoinChain = {
  name: 'mainnet',
  anchor: { height: 0, hash: '0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f' },
  firstHeight: 0,
  halvingInterval: 210_000,
  bip34Height: 227_931,
  easiestTarget: bitsToTarget(0x1d00_ffff),
  retargets: true,
}

export const regtest: BitcoinChain = {
  name: 'regtest',
  anchor: { height: 0, hash: '0x0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206' },
  firstHeight: 0,
  halvingInterval: 150,
  bip34Height: 1,
  easiestTarget: bitsToTarget(0x207f_ffff),
  retargets: false,
}

/** What the schedule allows a block at `height`, satoshi. */
export function scheduledSubsidy(
  height: number,
  { halvingInterval }: Pick<BitcoinChain, 'halvingInterval'>,
): bigint {
  return firstSubsidy >> BigInt(Math.floor(height / halvingInterval))
}
