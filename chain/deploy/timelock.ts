import { type Address, zeroAddress } from 'viem'
import { loadArtifact } from '../artifacts.ts'
import type { DeployConfig } from './config.ts'
import { type Create2Deployment, create2Deployment } from './create2.ts'

/** Only the governor proposes and cancels, anyone executes, and nobody but the timelock itself is its admin. */
export function timelockArguments(config: DeployConfig) {
  return [BigInt(config.timelockDelaySeconds), [config.roles.governor], [zeroAddress], zeroAddress] as const
}

/** The L2 timelock: the deploy script brings it to this address later, genesis already names it. */
export function l2TimelockDeployment(config: DeployConfig): Create2Deployment {
  return create2Deployment(loadArtifact('openzeppelin', 'TimelockController'), timelockArguments(config))
}

export function l2Timelock(config: DeployConfig): Address {
  return l2TimelockDeployment(config).address
}
