import { join } from 'node:path'
import type { BitcoinTerms } from '../chain/deploy/config.ts'
import { secondsPerDay } from './block.ts'
import { genesisBefore } from './proofs/genesis.ts'
import { rewardPerUnitDown } from './rewardIndex.ts'
import { simulatedChain } from './simulator/chain.ts'
import * as simulator from './simulator/rules.ts'
import type { ReplayParameters } from './sources/replay.ts'
import { createSimulatorSource } from './sources/simulator.ts'
import { bitsToTarget, targetToBits, workOf } from './target.ts'

/** Decides every byte of the simulated chain, unless another one is asked for. */
export const simulatorSeed = 'hashsand'

/** A network of the RewardIndex and its indices on the Ledger, as a development chain starts them. */
export type NetworkParameters = {
  source: 'replay' | 'simulator'
  name: string
  unit: string
  /** Hashes that one unit makes in an epoch. */
  unitWork: bigint
  /** The first day that the source holds whole: the clock's first epoch. */
  firstDay: number
  /** Satoshi * 1e18 per unit and day when the network starts. */
  subsidyIndex: bigint
  /** Index value of one step of strikes and caps. */
  tick: bigint
  indices: readonly IndexParameters[]
}

export type IndexParameters = {
  name: string
  /** Per component, in ticks: subsidy, fees. */
  caps: readonly [subsidy: bigint, fees: bigint]
}

/**
 * Bitcoin from 2021-04-22 on: the hashrate halves within two months, the index more than follows.
 * A year's caps are 1e17 ticks, 200 times below what a strike can hold.
 */
export function replayNetwork(): NetworkParameters {
  const unitWork = BigInt(secondsPerDay) * 10n ** 15n
  return withIndices({
    source: 'replay',
    name: 'BTC',
    unit: '1 PH/s',
    unitWork,
    firstDay: 18_739,
    subsidyIndex: expectedSubsidyIndex(625_000_000n, 0x170b_ef93, unitWork),
    tick: 10n ** 9n,
  })
}

/**
 * The simulated chain. Its whole network makes less than one hash a second, so the unit, 1 H/s, earns 527 coins a day: positions on it
 * are held in thousandths. The tick keeps a year's caps at 1e17 ticks here too.
 */
export function simulatorNetwork(): NetworkParameters {
  const unitWork = BigInt(secondsPerDay)
  return withIndices({
    source: 'simulator',
    name: 'BTC-SIM',
    unit: '1 H/s',
    unitWork,
    firstDay: simulator.firstDay,
    subsidyIndex: expectedSubsidyIndex(
      simulator.subsidyAt(simulator.firstHeight),
      simulator.firstBits,
      unitWork,
    ),
    tick: 10n ** 15n,
  })
}

/**
 * What a relay of the simulated chain starts from. Simulated days pass in seconds, so after some hours their blocks are years ahead of the
 * chain that the relay is on; on a real chain that is two hours at most.
 */
export async function simulatorTerms(): Promise<BitcoinTerms> {
  const { easiestTarget, retargets, halvingInterval } = simulatedChain(simulatorSeed)
  return {
    powLimitBits: targetToBits(easiestTarget),
    noRetarget: !retargets,
    halvingInterval,
    maxSecondsAhead: 2 ** 32 - 1,
    genesis: await genesisBefore(createSimulatorSource({ seed: simulatorSeed }).blocks(), simulator.firstDay),
  }
}

/** The files of the replay in a folder of recorded data. */
export function replayFiles(folder: string): ReplayParameters {
  return {
    blocksPath: join(folder, 'btc_blockstats_679999_699998.csv'),
    retargetsPath: join(folder, 'btc_retargets.csv'),
  }
}

/** One term of 90 days and one of a year; fees may reach what the subsidy is worth at the start. */
function withIndices(network: Omit<NetworkParameters, 'indices'>): NetworkParameters {
  const ticks = (value: bigint) => (value + network.tick - 1n) / network.tick
  const { name, subsidyIndex } = network
  return {
    ...network,
    indices: [
      { name: `${name}-90`, caps: [ticks((subsidyIndex * 3n) / 2n), ticks(subsidyIndex)] },
      { name: `${name}-365`, caps: [ticks(subsidyIndex * 2n), ticks(subsidyIndex)] },
    ],
  }
}

/** The index of a day whose blocks all have this subsidy and target: their number cancels out. */
function expectedSubsidyIndex(subsidy: bigint, bits: number, unitWork: bigint): bigint {
  return rewardPerUnitDown(subsidy, { work: workOf(bitsToTarget(bits)), unitWork })
}
