import { BlockNotFoundError, RpcRequestError } from 'viem'
import { getBlock, getChainId } from 'viem/actions'
import type { Manifest } from '../../manifest.ts'
import { L1ChainIdError, L1UnreachableError } from './errors.ts'
import { L1BlockError } from './replicaErrors.ts'
import { rpc } from './rpc.ts'

/** Whether this is the L1 on which the network lives: by its chain id, its block 0 and the block where L2 begins. */
export async function checkReplicaL1(url: string, { l1 }: Manifest): Promise<void> {
  const client = rpc(url)
  const unreachable = (cause: unknown) => {
    throw new L1UnreachableError(url, cause)
  }
  const hashOf = (number: number) =>
    getBlock(client, { blockNumber: BigInt(number) }).then(
      ({ hash }) => hash,
      (error: unknown) =>
        error instanceof BlockNotFoundError || error instanceof RpcRequestError
          ? undefined
          : unreachable(error),
    )
  const chainId = await getChainId(client).catch(unreachable)
  if (chainId !== l1.chainId) throw new L1ChainIdError(url, chainId, l1.chainId)

  // Nodes that keep no history since block 0 are good enough; those that know another block 0 are not.
  const genesis = await hashOf(0)
  if (genesis !== undefined && genesis !== l1.genesisHash)
    throw new L1BlockError(url, 0, genesis, l1.genesisHash)

  const { number, hash } = l1.startBlock
  const start = await hashOf(number)
  if (start !== hash) throw new L1BlockError(url, number, start ?? 'absent', hash)
}
