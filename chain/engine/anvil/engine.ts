import { mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Client, createClient, defineChain, http } from 'viem'
import { getBlock } from 'viem/actions'
import { largestAnswerBytes } from '../../answerSize.ts'
import { assertFinalization } from '../../deploy/assertions.ts'
import type { Deployment } from '../../deploy/config.ts'
import { deployL1 } from '../../deploy/l1.ts'
import { l2Timelock } from '../../deploy/timelock.ts'
import { predeploys } from '../../generated/addresses.ts'
import { buildGenesis } from '../../genesis/genesis.ts'
import { injectGenesis } from '../../genesis/inject.ts'
import type { AnvilEngine, EngineOptions } from '../engine.ts'

export type { AnvilEngine }

import { readStored, type Stored, writeStored } from '../stored.ts'
import { type DumpedState, openDumpStore } from './dump.ts'
import { l1Arguments, startMiner, writeDurable } from './l1.ts'
import { type AnvilNode, startAnvil, stopOrphans } from './node.ts'
import { anvil } from './rpc.ts'

const RPC_TIMEOUT_MS = 60_000

/** The contracts are good up to Granite. First come, first served, as deposits need; no web page may talk to it. */
const l2Arguments = ['--network', 'optimism', '--hardfork', 'granite', '--order', 'fifo', '--no-cors']

/** The files of an engine's folder. */
export function anvilPaths(dir: string) {
  return {
    deployment: join(dir, 'deployment.json'),
    l1: {
      dumps: join(dir, 'l1', 'dumps'),
      cache: join(dir, 'l1', 'cache'),
      durable: join(dir, 'l1', 'durable.json'),
    },
    l2: { dumps: join(dir, 'l2', 'dumps'), cache: join(dir, 'l2', 'cache') },
  }
}
type Paths = ReturnType<typeof anvilPaths>
type Nodes = { l1: AnvilNode; l2: AnvilNode }

/**
 * Starts both chains: from their newest states on disk, or, where a first start never came to its end, from nothing.
 * L1 is mined from here; L2 is mined and saved by the sequencer.
 */
export async function startAnvilEngine(given: EngineOptions): Promise<AnvilEngine> {
  const options = { ...given, dir: resolve(given.dir) }
  const { dir, config } = options
  assertFinalization(config)
  await stopOrphans(dir)
  await options.beforeStart?.()
  const paths = anvilPaths(dir)
  const stored = await readStored(paths.deployment, config, dir)
  const { nodes, deployment } =
    stored === undefined ? await make(options, paths) : await resume(options, paths, stored)

  await anvil(clientOf(nodes.l2), 'anvil_setCoinbase', [predeploys.SequencerFeeVault])
  const miner = startMiner(clientOf(nodes.l1), {
    store: openDumpStore({ dir: paths.l1.dumps }),
    durablePath: paths.l1.durable,
    blockTimeSeconds: config.l1.blockTimeSeconds,
  })
  return {
    l1RpcUrl: nodes.l1.rpcUrl,
    l2RpcUrl: nodes.l2.rpcUrl,
    l1DurablePath: paths.l1.durable,
    l2DumpDir: paths.l2.dumps,
    deployment,
    exited: Promise.race([nodes.l1.exited, nodes.l2.exited, miner.failed]),
    stop: async () => {
      await miner.stop()
      await stopNodes(nodes)
    },
  }
}

/** Generations of L2 that are kept: some of them were saved before the newest L1 block was known. */
export const l2Generations = 12

/**
 * Goes back to the newest undamaged state of L1, and to the newest undamaged one of L2 that knows no younger L1 block:
 * L2 must not stand for deposits that are gone. Says what was put aside.
 */
export async function repairAnvilEngine(dir: string): Promise<string[]> {
  await stopOrphans(dir)
  const paths = anvilPaths(resolve(dir))
  const l1 = await openDumpStore({ dir: paths.l1.dumps }).repair()
  const l2 = await openDumpStore({ dir: paths.l2.dumps }).repair(
    (state) => originOf(state) <= l1.state.number,
  )
  return [...l1.setAside, ...l2.setAside]
}

/** The newest L1 block that an L2 state knows: the low 8 bytes of the first slot of its L1Block. */
function originOf({ accounts }: DumpedState): bigint {
  const storage = accounts[predeploys.L1Block.toLowerCase()]?.storage ?? {}
  const first = Object.entries(storage).find(([slot]) => BigInt(slot) === 0n)
  return BigInt.asUintN(64, BigInt(first?.[1] ?? 0))
}

async function make(options: EngineOptions, paths: Paths): Promise<{ nodes: Nodes; deployment: Deployment }> {
  const { config, deployer, onProgress } = options
  await rm(join(options.dir, 'l1'), { recursive: true, force: true })
  await rm(join(options.dir, 'l2'), { recursive: true, force: true })
  const genesisTime = Math.floor(Date.now() / 1_000)
  const nodes = await startNodes(options, paths, { genesisTime })
  try {
    const [l1Client, l2Client] = [clientOf(nodes.l1), clientOf(nodes.l2)]
    await anvil(l1Client, 'evm_setAutomine', [true])
    const l1 = await deployL1(
      createClient({
        account: deployer,
        chain: testChain(config.l1.chainId),
        transport: http(nodes.l1.rpcUrl, { timeout: RPC_TIMEOUT_MS }),
        pollingInterval: 20,
      }),
      { config, ...(onProgress === undefined ? {} : { onProgress }) },
    )
    await anvil(l1Client, 'evm_setAutomine', [false])

    onProgress?.('L2: genesis')
    await injectGenesis(nodes.l2.rpcUrl, await buildGenesis(config, l1.contracts))
    const { hash } = await getBlock(l2Client, { blockNumber: 0n })
    const deployment: Deployment = { l1, l2: { genesisHash: hash, timelock: l2Timelock(config) } }

    await openDumpStore({ dir: paths.l2.dumps, generations: l2Generations }).save(l2Client)
    await writeDurable(paths.l1.durable, await openDumpStore({ dir: paths.l1.dumps }).save(l1Client))
    // Last: its presence says that everything above is on disk.
    await writeStored(paths.deployment, { config, genesisTime, deployment })
    return { nodes, deployment }
  } catch (error) {
    await stopNodes(nodes)
    throw error
  }
}

async function resume(options: EngineOptions, paths: Paths, { genesisTime, deployment }: Stored) {
  const loads = { l1: join(options.dir, 'l1', 'load.json'), l2: join(options.dir, 'l2', 'load.json') }
  const l1State = await openDumpStore({ dir: paths.l1.dumps }).extract(loads.l1)
  await openDumpStore({ dir: paths.l2.dumps }).extract(loads.l2)
  const nodes = await startNodes(options, paths, { genesisTime, loads })
  await Promise.all([rm(loads.l1), rm(loads.l2)])
  await Promise.all([keepTime(nodes.l1), keepTime(nodes.l2)])
  // Dumped and not yet named when the kill came, or named and then repaired away: the state that runs is what counts.
  await writeDurable(paths.l1.durable, l1State)
  return { nodes, deployment }
}

/**
 * Sets a loaded node to the wall clock. Where its head is ahead of that (the machine's clock was set back, or a user
 * moved the test chain's time) time goes on from the head instead.
 */
async function keepTime(node: AnvilNode): Promise<void> {
  const { timestamp } = await getBlock(clientOf(node))
  const now = Math.max(Number(timestamp), Math.floor(Date.now() / 1_000))
  await anvil(clientOf(node), 'evm_setTime', [now])
}

async function startNodes(
  { config, ports }: EngineOptions,
  paths: Paths,
  { genesisTime, loads }: { genesisTime: number; loads?: { l1: string; l2: string } },
): Promise<Nodes> {
  await mkdir(join(paths.l1.dumps), { recursive: true })
  await mkdir(join(paths.l2.dumps), { recursive: true })
  const l1 = await startAnvil({
    name: 'L1 node',
    port: ports.l1,
    chainId: config.l1.chainId,
    cacheDir: paths.l1.cache,
    genesisTime,
    args: l1Arguments,
    ...(loads === undefined ? {} : { loadState: loads.l1 }),
  })
  try {
    const l2 = await startAnvil({
      name: 'L2 node',
      port: ports.l2,
      chainId: config.l2.chainId,
      cacheDir: paths.l2.cache,
      genesisTime,
      args: l2Arguments,
      ...(loads === undefined ? {} : { loadState: loads.l2 }),
    })
    return { l1, l2 }
  } catch (error) {
    await l1.stop()
    throw error
  }
}

async function stopNodes({ l1, l2 }: Nodes): Promise<void> {
  await Promise.all([l1.stop(), l2.stop()])
}

function clientOf(node: AnvilNode): Client {
  const patience = { timeout: RPC_TIMEOUT_MS, retryCount: 0 }
  return createClient({
    transport: http(node.rpcUrl, { ...patience, maxResponseBodySize: largestAnswerBytes }),
  })
}

function testChain(id: number) {
  return defineChain({
    id,
    name: `Hashsand test L1 ${id}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  })
}
