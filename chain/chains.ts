import { type Chain, defineChain } from 'viem'
import { chainConfig } from 'viem/op-stack'
import { preinstalls } from './generated/addresses.ts'
import type { Manifest } from './manifest.ts'

const ether = { name: 'Ether', symbol: 'ETH', decimals: 18 }

/** viem's chain objects of both sides, with everything that `viem/op-stack` looks up in them. */
export function chainsOf({ name, l1, l2 }: Manifest) {
  const l1Chain = defineChain({
    id: l1.chainId,
    name: `${name} L1`,
    nativeCurrency: ether,
    rpcUrls: { default: { http: [l1.rpcUrl] } },
    blockTime: l1.blockTimeSeconds * 1_000,
    contracts: { multicall3: { address: l1.contracts.Multicall3 } },
  }) satisfies Chain
  const l2Chain = defineChain({
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
  }) satisfies Chain
  return { l1: l1Chain, l2: l2Chain }
}
