import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  type Client,
  createPublicClient,
  type Hash,
  http,
  isAddressEqual,
  type PublicClient,
  BaseError as ViemError,
} from 'viem'
import { readOracle } from '../../bridge/outputs.ts'
import { rpc } from '../../chain/engine/opstack/rpc.ts'
import { checkIdentity } from '../../chain/identity.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { Log } from '../runtime/log.ts'
import { mayRetry } from '../runtime/loop.ts'
import type { WatcherConfig } from './config.ts'
import { NodeAnswerError, NotTheChallengerError, WrongReplicaError } from './errors.ts'

/** Requests of one HTTP body: after a start there are thousands to make. */
const BATCH = 100

/** L1, and a replica that we run: an op-geth and the op-node that drives it. */
export type Network = {
  manifest: Manifest
  l1: PublicClient
  l2: PublicClient
  node: Client
  nodeUrl: string
}

export type Urls = Pick<WatcherConfig, 'HASHSAND_REPLICA_L2_RPC' | 'HASHSAND_REPLICA_NODE_RPC'> & {
  HASHSAND_L1_RPC?: string | undefined
}

export function openNetwork(manifest: Manifest, urls: Urls): Network {
  const connect = (url: string) =>
    createPublicClient({
      transport: http(url, { batch: { batchSize: BATCH }, retryCount: 0, timeout: 20_000 }),
      cacheTime: 0,
    })
  return {
    manifest,
    l1: connect(urls.HASHSAND_L1_RPC ?? manifest.l1.rpcUrl),
    l2: connect(urls.HASHSAND_REPLICA_L2_RPC),
    node: rpc(urls.HASHSAND_REPLICA_NODE_RPC),
    nodeUrl: urls.HASHSAND_REPLICA_NODE_RPC,
  }
}

export type AwaitParameters = { log: Log; signal: AbortSignal; challenger: Address | undefined }

/**
 * Waits until all nodes answer, and refuses those of another network, and a challenger that is not the oracle's. Answers false when
 * the signal came first.
 */
export async function awaitNetwork(
  network: Network,
  { log, signal, challenger }: AwaitParameters,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      // A node that is away must not look like one of another chain, so they are asked for something harmless first.
      await Promise.all([network.l1.getChainId(), network.l2.getChainId(), readRollup(network)])
      await Promise.all([askingNodes(() => checkIdentity(network, network.manifest)), checkNode(network)])
      const oracle = await askingNodes(() => readOracle(network.l1, network))
      if (challenger !== undefined && challenger !== oracle.challenger) {
        throw new NotTheChallengerError(challenger, oracle.challenger)
      }
      return true
    } catch (error) {
      if (!mayRetry(error)) throw error
      log.warn({ err: error }, 'watcher.node.silent')
      await sleep(1_000, undefined, { signal }).catch(() => {})
    }
  }
  return false
}

type Rollup = {
  genesis: { l2: { hash: Hash } }
  l1_chain_id: number
  l2_chain_id: number
  deposit_contract_address: Address
}

async function readRollup({ node, nodeUrl }: Network): Promise<Rollup> {
  // Safe: viem types the standard methods only; this is the answer of op-node's method.
  const request = node.request as unknown as (call: { method: string; params: [] }) => Promise<Rollup>
  try {
    return await request({ method: 'optimism_rollupConfig', params: [] })
  } catch (error) {
    if (!(error instanceof ViemError) || mayRetry(error)) throw error
    const expected = 'the configuration of a rollup'
    throw new WrongReplicaError(nodeUrl, 'its answer to optimism_rollupConfig', error.shortMessage, expected)
  }
}

async function checkNode(network: Network): Promise<void> {
  const { l1, l2 } = network.manifest
  const rollup = await readRollup(network)
  const same = (what: string, given: string | number, expected: string | number) => {
    if (given !== expected)
      throw new WrongReplicaError(network.nodeUrl, what, String(given), String(expected))
  }
  same('the L1 chain id', rollup.l1_chain_id, l1.chainId)
  same('the L2 chain id', rollup.l2_chain_id, l2.chainId)
  same('the hash of L2 block 0', rollup.genesis.l2.hash, l2.genesisHash)
  const portal = rollup.deposit_contract_address
  if (!isAddressEqual(portal, l1.contracts.OptimismPortal)) {
    throw new WrongReplicaError(network.nodeUrl, 'the portal', portal, l1.contracts.OptimismPortal)
  }
}

/** Runs a step that asks nodes. An error that a node answers becomes one that may be tried again. */
export async function askingNodes<Value>(step: () => Promise<Value>): Promise<Value> {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof ViemError) || mayRetry(error)) throw error
    throw new NodeAnswerError(error.shortMessage, error)
  }
}

export async function hashAt(client: PublicClient, number: bigint): Promise<Hash | undefined> {
  // Safe: as above; null where there is no such block.
  const request = client.request as unknown as (call: {
    method: string
    params: unknown
  }) => Promise<{ hash: Hash } | null>
  const params = [`0x${number.toString(16)}`, false]
  return (await request({ method: 'eth_getBlockByNumber', params }))?.hash
}
