import { type Client, createPublicClient, http, type PublicClient } from 'viem'
import { l1Chain } from '../../../chain/chains.ts'
import { runningReplica } from '../../../chain/engine/opstack/replica.ts'
import { rpc } from '../../../chain/engine/opstack/rpc.ts'
import { checkIdentity } from '../../../chain/identity.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { nodeIsSilent } from '../../runtime/loop.ts'
import type { Context } from '../context.ts'
import { NetworkUnreachableError } from '../errors.ts'
import { NoReplicaUrlsError } from './errors.ts'

export type ReplicaOptions = { replicaL2?: string; replicaNode?: string }

/** L1, and L2 as a replica has it. The operator's own L2 is asked nothing: it may be gone. */
export type Source = { l1: PublicClient; l2: PublicClient; node: Client; nodeUrl: string; l2Url: string }

export const openL1 = (manifest: Manifest): PublicClient =>
  createPublicClient({
    chain: l1Chain(manifest),
    transport: http(manifest.l1.rpcUrl, { batch: true }),
    cacheTime: 0,
    pollingInterval: 200,
  })

/** The replica that the options name, or the one that runs beside the development network; of this network, or refused. */
export async function openSource(
  { folder }: Context,
  manifest: Manifest,
  options: ReplicaOptions,
): Promise<Source> {
  const running = await runningReplica(folder.replica)
  const l2Url = options.replicaL2 ?? running?.l2RpcUrl
  const nodeUrl = options.replicaNode ?? running?.nodeRpcUrl
  if (l2Url === undefined || nodeUrl === undefined) throw new NoReplicaUrlsError(folder.replica)
  const clients = {
    l1: openL1(manifest),
    l2: createPublicClient({ transport: http(l2Url), cacheTime: 0 }),
  }
  try {
    await Promise.all([clients.l1.getChainId(), clients.l2.getChainId()])
    await checkIdentity(clients, manifest)
  } catch (error) {
    throw nodeIsSilent(error) ? new NetworkUnreachableError(manifest.l1.rpcUrl, l2Url, error) : error
  }
  return { ...clients, node: rpc(nodeUrl), nodeUrl, l2Url }
}
