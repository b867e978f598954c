import type { Client } from 'viem'
import { getBlock, getChainId, readContract } from 'viem/actions'
import { ManifestMismatchError } from './errors.ts'
import { predeploys } from './generated/addresses.ts'
import { l2StandardBridgeAbi } from './generated/opAbi.ts'
import type { Manifest } from './manifest.ts'

/**
 * Proves that both RPCs belong to the network of the manifest, so that nothing is ever sent to a stranger. Beside the
 * genesis hashes it compares what the two chains know of each other: two chains begun in the same second may share
 * block 0, not the block after the deployment and not the bridge.
 */
export async function checkIdentity(clients: { l1: Client; l2: Client }, manifest: Manifest): Promise<void> {
  const { l1, l2 } = manifest
  await Promise.all([
    checkL1Identity(clients.l1, manifest),
    checkChain('L2', clients.l2, l2.chainId, [{ number: 0, hash: l2.genesisHash }]),
  ])
  const bridge = await readContract(clients.l2, {
    address: predeploys.L2StandardBridge,
    abi: l2StandardBridgeAbi,
    functionName: 'otherBridge',
  })
  expectSame("L2 bridge's other end", bridge, l1.contracts.L1StandardBridge)
}

/** The half of `checkIdentity` that can be had while L2 is silent. */
export async function checkL1Identity(client: Client, { l1 }: Pick<Manifest, 'l1'>): Promise<void> {
  await checkChain('L1', client, l1.chainId, [
    { number: 0, hash: l1.genesisHash },
    { number: l1.startBlock.number, hash: l1.startBlock.hash },
  ])
}

/** Binds a store to one network: chain ids, where L2 begins on L1, and the contract that deposits come from. */
export function networkIdentity({ l1, l2 }: Manifest): string {
  return `L1 ${l1.chainId}, L2 ${l2.chainId}, from L1 block ${l1.startBlock.hash}, portal ${l1.contracts.OptimismPortal}`
}

type KnownBlock = { number: number; hash: string }

async function checkChain(
  side: string,
  client: Client,
  chainId: number,
  blocks: KnownBlock[],
): Promise<void> {
  expectSame(`${side} chain id`, String(await getChainId(client)), String(chainId))
  for (const { number, hash } of blocks) {
    const block = await getBlock(client, { blockNumber: BigInt(number) }).catch(() => undefined)
    expectSame(`hash of ${side} block ${number}`, block?.hash ?? 'absent', hash)
  }
}

function expectSame(what: string, given: string, expected: string): void {
  if (given.toLowerCase() !== expected.toLowerCase()) throw new ManifestMismatchError(what, given, expected)
}
