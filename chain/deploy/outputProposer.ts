import { type Address, parseGwei } from 'viem'
import type { DeployConfig } from './config.ts'

const defaultSilenceSeconds = 3_600
const defaultBondGwei = 1_000_000_000

export type OutputTerms = { silenceSeconds: bigint; windowSeconds: bigint; bond: bigint }

/** On which terms others than the operator propose. */
export function outputTerms({ bridge, l1 }: DeployConfig): OutputTerms {
  return {
    silenceSeconds: BigInt(bridge.silenceSeconds ?? defaultSilenceSeconds),
    windowSeconds: BigInt(Math.ceil(bridge.sequencingWindowBlocks * l1.blockTimeSeconds)),
    bond: parseGwei(String(bridge.outputBondGwei ?? defaultBondGwei)),
  }
}

/** The arguments of OutputProposer's constructor. */
export function outputProposerArguments(config: DeployConfig, oracle: Address): readonly unknown[] {
  const { silenceSeconds, windowSeconds, bond } = outputTerms(config)
  return [oracle, config.roles.proposer, silenceSeconds, windowSeconds, bond]
}
