import { getAddress } from 'viem'
import type { Manifest } from '../../chain/manifest.ts'
import type { Contracts } from './chain.ts'
import { NoSuchNetworkError } from './errors.ts'

export type Network = Manifest['networks'][number]

export function networkOf(manifest: Manifest, id: number): Network {
  const network = manifest.networks.find((candidate) => candidate.id === id)
  if (network === undefined) {
    throw new NoSuchNetworkError(
      id,
      manifest.networks.map((known) => known.id),
    )
  }
  return network
}

export type IdentityParameters = { manifest: Manifest; network: Network; contracts: Contracts }

/** What a journal is bound to, beside its key: signatures for another chain or contract are other signatures. */
export function networkIdentity({ manifest, network, contracts }: IdentityParameters): string {
  const { chainId, genesisHash } = manifest.l2
  return `chain ${chainId} with genesis ${genesisHash}, index ${getAddress(contracts.rewardIndex)}, network ${network.id}`
}
