import type { Address } from 'viem'
import { depositWithGas } from '../generated/abi.ts'
import { preinstalls } from '../generated/addresses.ts'
import { create2Deployment } from './create2.ts'
import { type DeployClient, openSender, type Transact } from './send.ts'

/** Puts on L1 what brings a token and ether for gas in one transaction, once the factory of payout addresses is there. May be run again at any time. */
export async function deployDepositWithGas(
  l1: DeployClient,
  { payoutForwarderFactory }: { payoutForwarderFactory: Address },
  transact?: Transact,
): Promise<Address> {
  const { address, calldata } = create2Deployment(depositWithGas, [payoutForwarderFactory])
  const sender = await openSender(l1, transact)
  await sender.ensure('DepositWithGas', address, preinstalls.DeterministicDeploymentProxy, calldata)
  return address
}
