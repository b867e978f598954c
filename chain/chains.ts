import { type Chain, defineChain } from 'viem'
import { chainConfig } from 'viem/op-stack'
import { preinstalls } from './generated/addresses.ts'
import type { Manifest } from './manifest.ts'

const ether = { name: 'Ether', symbol: 'ETH', decimals: 18 }

/** viem's chain object of L1. viem's withdrawal actions need Multicall3 in it. */
export function l1Chain({ name, l1 }: Pick<Manifest, 'name' | 'l1'>) {
  return defineChain({
    id: l1.chainId,
    name: `${name} L1`,
    nativeCurrency: ether,
    rpcUrls: { default: { http: [l1.rpcUrl] } },
    blockTime: l1.blockTimeSeconds * 1_000,
    contracts: { multicall3: { address: l1.contracts.Multicall3 } },
  })
}

/** viem's chain object of L2, for clients of any kind. */
export function l2Chain(manifest: Manifest): Chain {
  return opChain(manifest)
}

/** The same with its full type: what the actions of `viem/op-stack` look up, they find by it. */
export function opChain({ name, l1, l2 }: Manifest) {
  return defineChain({
    ...chainConfig,
    id: l2.chainId,
    name,
    nativeCurrency: ether,
    rpcUrls: { default: { http: [l2.rpcUrl] } },
    blockTime: l2.blockTimeSeconds * 1_000,
    sourceId: l1.chainId,
    contracts: {
      ...chainConfig.contracts,
      multicall3: { address: preinstalls.MultiCall3 },
      portal: { [l1.chainId]: { address: l1.contracts.OptimismPortal } },
      l2OutputOracle: { [l1.chainId]: { address: l1.contracts.L2OutputOracle } },
      disputeGameFactory: { [l1.chainId]: { address: l1.contracts.DisputeGameFactory } },
      l1StandardBridge: { [l1.chainId]: { address: l1.contracts.L1StandardBridge } },
    },
  })
}

/** A chain of which nothing is known but its id, for who signs for it. */
export function bareChain(id: number): Chain {
  return defineChain({
    id,
    name: `chain ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  })
}
