import { createPublicClient, http, type PublicClient } from 'viem'
import { l1Chain, l2Chain } from '../../chain/chains.ts'
import type { Manifest } from '../../chain/manifest.ts'

/** Readers of both chains of a network. */
export function clientsOf(manifest: Manifest): { l1: PublicClient; l2: PublicClient } {
  const pollingInterval = 200
  return {
    l1: createPublicClient({
      chain: l1Chain(manifest),
      transport: http(manifest.l1.rpcUrl),
      pollingInterval,
    }),
    l2: createPublicClient({
      chain: l2Chain(manifest),
      transport: http(manifest.l2.rpcUrl),
      pollingInterval,
    }),
  }
}
