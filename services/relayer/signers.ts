import { isAddressEqual, type LocalAccount } from 'viem'
import type { Log } from '../runtime/log.ts'
import type { NetworkView } from './chain.ts'
import { NotASignerError } from './errors.ts'

export type CheckSignersParameters = { network: number; live: boolean; log: Log }

/** At the start a key that counts for nothing is a mistake. Later it is the timelock's will, and the node waits and looks on. */
export function checkSigners(
  accounts: readonly LocalAccount[],
  { signers }: Pick<NetworkView, 'signers'>,
  { network, live, log }: CheckSignersParameters,
): void {
  for (const { address } of accounts) {
    if (signers.some((signer) => isAddressEqual(signer, address))) continue
    if (live) throw new NotASignerError(address, network)
    log.warn({ address, network }, 'relayer.node.not-a-signer')
  }
}
