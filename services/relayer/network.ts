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

export type StoreIdentityParameters = {
  manifest: Manifest
  network: Network
  contracts: Contracts
  seed: string
}

/** What a store of this service is bound to. Another chain, contract or source has other days and other signatures. */
export function storeIdentity({ manifest, network, contracts, seed }: StoreIdentityParameters): string {
  const { chainId, genesisHash } = manifest.l2
  const source = network.source === 'simulator' ? `simulator with seed ${seed}` : network.source
  return `chain ${chainId} with genesis ${genesisHash}, index ${getAddress(contracts.rewardIndex)}, network ${network.id} from ${source}`
}
