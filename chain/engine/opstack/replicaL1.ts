import { BlockNotFoundError, RpcRequestError, BaseError as ViemError } from 'viem'
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
    getBlock(client, { blockNumber: BigInt(number) }).then(({ hash }) => hash)
  const chainId = await getChainId(client).catch(unreachable)
  if (chainId !== l1.chainId) throw new L1ChainIdError(url, chainId, l1.chainId)

  // Nodes that keep no history since block 0 are good enough; those that know another block 0 are not.
  const genesis = await hashOf(0).catch((error: unknown) => {
    if (!(error instanceof ViemError)) throw error
    return undefined
  })
  if (genesis !== undefined && genesis !== l1.genesisHash)
    throw new L1BlockError(url, 0, genesis, l1.genesisHash)

  const { number, hash } = l1.startBlock
  const start = await hashOf(number).catch((error: unknown) =>
    isAnswer(error) ? undefined : unreachable(error),
  )
  if (start !== hash) throw new L1BlockError(url, number, start ?? 'absent', hash)
}

/** The node is there, the block is not. */
const isAnswer = (error: unknown) => error instanceof BlockNotFoundError || error instanceof RpcRequestError
