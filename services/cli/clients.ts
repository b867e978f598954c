import { createPublicClient, http, type PublicClient } from 'viem'
import { openTokenRegistry } from '../../bridge/registry.ts'
import { l1Chain, l2Chain } from '../../chain/chains.ts'
import { checkIdentity, checkL1Identity } from '../../chain/identity.ts'
import type { Manifest } from '../../chain/manifest.ts'
import { nodeIsSilent } from '../runtime/loop.ts'
import { L1SilentError, NetworkUnreachableError } from './errors.ts'

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

/**
 * A network that is what its manifest says: right chains, honest token pairs. Whatever spends asks here first, so that
 * nothing is ever sent to a stranger.
 */
export async function openNetwork(manifest: Manifest): Promise<ReturnType<typeof clientsOf>> {
  const clients = clientsOf(manifest)
  try {
    await checkIdentity(clients, manifest)
    await openTokenRegistry(clients, { manifest })
  } catch (error) {
    throw nodeIsSilent(error)
      ? new NetworkUnreachableError(manifest.l1.rpcUrl, manifest.l2.rpcUrl, error)
      : error
  }
  return clients
}

/**
 * The same for those who go by L1 alone, because L2's operator may be gone: L1 has to be the one of the manifest, L2 only where
 * it answers.
 */
export async function openNetworkByL1(manifest: Manifest): Promise<ReturnType<typeof clientsOf>> {
  const clients = clientsOf(manifest)
  const isL2Up = await clients.l2.getChainId().then(
    () => true,
    () => false,
  )
  if (isL2Up) return openNetwork(manifest)
  try {
    await checkL1Identity(clients.l1, manifest)
  } catch (error) {
    throw nodeIsSilent(error) ? new L1SilentError(manifest.l1.rpcUrl, error) : error
  }
  return clients
}
