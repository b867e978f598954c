import { rm } from 'node:fs/promises'
import { createClient, http, type PrivateKeyAccount } from 'viem'
import { getBlock, getChainId } from 'viem/actions'
import { bareChain } from '../../chains.ts'
import type { DeployConfig, L1Deployment } from '../../deploy/config.ts'
import { deployL1 } from '../../deploy/l1.ts'
import type { L1Rules } from '../../genesis/geth.ts'
import { openDumpStore } from '../anvil/dump.ts'
import { startMiner, writeDurable } from '../anvil/l1.ts'
import { type AnvilNode, startAnvil } from '../anvil/node.ts'
import { anvil } from '../anvil/rpc.ts'
import { NodeExitedError } from '../errors.ts'
import { L1ChainIdError, L1RulesError, L1UnreachableError } from './errors.ts'
import type { OpStackPaths } from './paths.ts'
import { rpc } from './rpc.ts'
import type { Life } from './supervise.ts'

const RPC_TIMEOUT_MS = 60_000

/** An L1 that somebody else runs. */
export type ExternalL1 = {
  rpcUrl: string
  /** What it follows, since its first block. Mainnet and Sepolia are known to op-node, whatever is said here. */
  rules: L1Rules
  /** Where its blobs are read. Needed where batches are blobs. */
  beaconUrl?: string
}

/**
 * Follows the newest rules. Final is what lies 16 blocks back: op-node can't undo what L1 called final, so an L1 whose
 * blocks were final at once could not be reorganised in a test.
 */
const l1Arguments = ['--hardfork', 'osaka', '--slots-in-an-epoch', '8']

export type BundledL1 = { paths: OpStackPaths; config: DeployConfig; port: number; genesisTime: number }

/** op-node has their chain configs. */
export const knownL1s: ReadonlySet<number> = new Set([1, 11_155_111])
export const bundledRules: L1Rules = 'osaka'

export type DeployOnL1 = {
  rpcUrl: string
  config: DeployConfig
  deployer: PrivateKeyAccount
  onProgress?: ((step: string) => void) | undefined
}

/** Deploys our side of the L1 and says at what time the block stands from which L2 starts. */
export async function deployOn({
  rpcUrl,
  config,
  deployer,
  onProgress,
}: DeployOnL1): Promise<{ l1: L1Deployment; l2Time: number }> {
  const client = createClient({
    account: deployer,
    chain: bareChain(config.l1.chainId),
    transport: http(rpcUrl, { timeout: RPC_TIMEOUT_MS }),
    pollingInterval: 20,
  })
  const l1 = await deployL1(client, { config, ...(onProgress === undefined ? {} : { onProgress }) })
  const start = await getBlock(client, { blockHash: l1.startBlock.hash })
  return { l1, l2Time: Number(start.timestamp) }
}

/** Makes the bundled L1 from nothing, lets `deploy` work on it, and leaves it on disk. */
export async function makeBundledL1<T>(l1: BundledL1, deploy: (rpcUrl: string) => Promise<T>): Promise<T> {
  const node = await startL1Node(l1)
  try {
    const client = rpc(node.rpcUrl)
    await anvil(client, 'evm_setAutomine', [true])
    const deployed = await deploy(node.rpcUrl)
    await anvil(client, 'evm_setAutomine', [false])
    const { dumps, durable } = l1.paths.l1
    await writeDurable(durable, await openDumpStore({ dir: dumps }).save(client))
    return deployed
  } finally {
    await node.stop()
  }
}

/** One life of the bundled L1, from its newest state on disk, mined from here and made durable block by block. */
export async function startBundledL1(l1: BundledL1): Promise<Life> {
  const { dumps, durable, load } = l1.paths.l1
  const store = openDumpStore({ dir: dumps })
  const state = await store.extract(load)
  const node = await startL1Node(l1, load)
  try {
    await rm(load)
    const client = rpc(node.rpcUrl)
    const { timestamp } = await getBlock(client)
    await anvil(client, 'evm_setTime', [Math.max(Number(timestamp), Math.floor(Date.now() / 1_000))])
    await writeDurable(durable, state)
    const { blockTimeSeconds } = l1.config.l1
    const miner = startMiner(client, { store, durablePath: durable, blockTimeSeconds })
    return {
      ended: Promise.race([node.exited, miner.failed]).then((error) =>
        error instanceof NodeExitedError ? error.how : error.message,
      ),
      stop: async () => {
        await miner.stop()
        await node.stop()
      },
    }
  } catch (error) {
    await node.stop()
    throw error
  }
}

function startL1Node(
  { paths, config, port, genesisTime }: BundledL1,
  loadState?: string,
): Promise<AnvilNode> {
  return startAnvil({
    name: 'L1 node',
    port,
    chainId: config.l1.chainId,
    cacheDir: paths.l1.cache,
    genesisTime,
    args: l1Arguments,
    ...(loadState === undefined ? {} : { loadState }),
  })
}

/** Whether it is the L1 that was meant, and one that op-node can follow. */
export async function checkExternalL1({ rpcUrl, rules }: ExternalL1, chainId: number): Promise<void> {
  const client = rpc(rpcUrl)
  const given = await getChainId(client).catch((cause: unknown) => {
    throw new L1UnreachableError(rpcUrl, cause)
  })
  if (given !== chainId) throw new L1ChainIdError(rpcUrl, given, chainId)
  if (knownL1s.has(chainId)) return

  // Each fork added a field to the header. Osaka added none, so it can't be told from Prague.
  const head = await getBlock(client)
  const newer = 'blockAccessListHash' in head && head.blockAccessListHash !== undefined
  const has = {
    cancun: head.parentBeaconBlockRoot !== undefined,
    prague: 'requestsHash' in head && head.requestsHash !== undefined,
  }
  if (newer) throw new L1RulesError(rpcUrl, 'newer rules than osaka')
  if (!has.cancun) throw new L1RulesError(rpcUrl, 'older rules than cancun')
  if (has.prague !== (rules !== 'cancun'))
    throw new L1RulesError(rpcUrl, has.prague ? `prague or osaka, not ${rules}` : `cancun, not ${rules}`)
}
