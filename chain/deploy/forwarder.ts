import type { Address } from 'viem'
import { payoutForwarderFactory } from '../generated/abi.ts'
import { preinstalls } from '../generated/addresses.ts'
import { create2Deployment } from './create2.ts'
import { type DeployClient, openSender, type Transact } from './send.ts'

export type PayoutForwarderFactoryParameters = {
  /** The L1 standard bridge. */
  bridge: Address
  /** Fixed for good: another pair is another factory. */
  pairs: readonly { l1Token: Address; l2Token: Address }[]
}

/** Puts the factory of payout addresses on L1, once the L2 tokens exist. May be run again at any time. */
export async function deployPayoutForwarderFactory(
  l1: DeployClient,
  { bridge, pairs }: PayoutForwarderFactoryParameters,
  transact?: Transact,
): Promise<Address> {
  const { address, calldata } = create2Deployment(payoutForwarderFactory, [bridge, pairs])
  const sender = await openSender(l1, transact)
  await sender.ensure('PayoutForwarderFactory', address, preinstalls.DeterministicDeploymentProxy, calldata)
  return address
}
