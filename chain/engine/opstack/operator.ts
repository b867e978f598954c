import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Address, getAddress, type Hex, slice } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { readContract } from 'viem/actions'
import { z } from 'zod'
import { outputProposer } from '../../generated/abi.ts'
import { systemConfigAbi } from '../../generated/opAbi.ts'
import type { L1Rules } from '../../genesis/geth.ts'
import type { OpStackBuild } from '../../opstack/build.ts'
import type { EngineEvent } from '../engine.ts'
import { checkBeacon, watchBeacon } from './beacon.ts'
import { type Batches, initGeth, l2RpcUrl, nodeRpcUrl, type Setting } from './components.ts'
import { BeaconMissingError, ForeignFolderError, OtherChainError, WrongKeyError } from './errors.ts'
import { ensureJwt } from './jwt.ts'
import { checkExternalL1, knownL1s } from './l1.ts'
import { assertSameNetwork, type NetworkFolder, writeNetworkFolder } from './networkFolder.ts'
import { opStackPaths } from './paths.ts'
import { freePort, stopComponentOrphans } from './process.ts'
import { checkReplicaL1 } from './replicaL1.ts'
import { rpc } from './rpc.ts'
import { type Running, run } from './run.ts'

export type OperatorOptions = {
  /** The operator's own folder, which one process may use at a time. */
  dir: string
  /** From `readNetworkFolder`. */
  network: NetworkFolder
  l1RpcUrl: string
  /** Where blobs are read; needed where batches are blobs. */
  beaconUrl?: string
  batches?: Batches
  keys: { batcher: Hex; proposer: Hex }
  /** All of them stay on this machine; 0 lets the system choose. */
  ports: { l2: number; node?: number; l2Engine?: number }
  build: OpStackBuild
  onProgress?: (step: string) => void
  onEvent?: (event: EngineEvent) => void
}

export type Operator = Running & { readonly l2RpcUrl: string; readonly nodeRpcUrl: string }

/**
 * Runs the chain of a network folder on an L1 of others, or continues it, whatever was killed before, and when: op-geth,
 * the op-node that makes the blocks, op-batcher and op-proposer.
 */
export async function startOperator(given: OperatorOptions): Promise<Operator> {
  const options = { ...given, dir: resolve(given.dir) }
  const { dir, network, l1RpcUrl, beaconUrl, batches, keys, build } = options
  const { manifest } = network
  if (batches === 'blobs' && beaconUrl === undefined) throw new BeaconMissingError()
  const isNew = await isNewFolder(dir, network)
  await checkReplicaL1(l1RpcUrl, manifest)
  await checkExternalL1({ rpcUrl: l1RpcUrl, rules: await rulesOf(network) }, manifest.l1.chainId)
  await checkKeys(options)
  if (beaconUrl !== undefined) await checkBeacon(beaconUrl)
  await stopComponentOrphans(dir)
  const ports = {
    l2: await freePort('L2', options.ports.l2),
    l2Engine: await freePort('the engine API of op-geth', options.ports.l2Engine),
    node: await freePort('op-node', options.ports.node),
  }
  const setting: Setting = {
    paths: pathsOf(dir),
    binaries: build.binaries,
    l1: {
      rpcUrl: l1RpcUrl,
      kind: 'standard',
      blockTimeSeconds: manifest.l1.blockTimeSeconds,
      isKnown: knownL1s.has(manifest.l1.chainId),
      ...(beaconUrl === undefined ? {} : { beaconUrl }),
    },
    l2: { ...manifest.l2, sequencingWindowBlocks: manifest.bridge.sequencingWindowBlocks },
    ports,
    keys,
    outputProposer: manifest.l1.contracts.OutputProposer,
    ...(batches === undefined ? {} : { batches }),
  }
  if (isNew) await makeFolder(options, setting)
  return {
    l2RpcUrl: l2RpcUrl(setting),
    nodeRpcUrl: nodeRpcUrl(setting),
    ...(await start(options, setting, isNew)),
  }
}

const networkOf = (dir: string) => join(dir, 'network')

/** op-node reads the copies, which nobody changes while it runs. */
function pathsOf(dir: string) {
  const network = networkOf(dir)
  return {
    ...opStackPaths(dir),
    rollup: join(network, 'rollup.json'),
    l1ChainConfig: join(network, 'l1-chain-config.json'),
  }
}

async function isNewFolder(dir: string, { manifest }: NetworkFolder): Promise<boolean> {
  if (existsSync(networkOf(dir))) {
    await assertSameNetwork(networkOf(dir), manifest)
    return false
  }
  if (!existsSync(dir)) return true
  // A first start that was killed leaves these, the caller its lock.
  const known = /^(l2|logs|lock|network\.\w+\.tmp)$/
  const foreign = (await readdir(dir)).filter((entry) => !known.test(entry))
  if (foreign.length > 0) throw new ForeignFolderError(dir, foreign)
  return true
}

async function makeFolder({ network, onProgress, dir }: OperatorOptions, setting: Setting): Promise<void> {
  const { paths } = setting
  onProgress?.('L2: genesis')
  await mkdir(paths.l2Dir, { recursive: true })
  await ensureJwt(paths.jwt)
  await rm(paths.geth, { recursive: true, force: true })
  await initGeth(setting, network.genesis)
  // Last: with it the folder is whole.
  await writeNetworkFolder(networkOf(dir), { manifest: network.manifest, files: network })
}

async function start(options: OperatorOptions, setting: Setting, isNew: boolean): Promise<Running> {
  const { dir, network, onProgress, onEvent } = options
  const { beaconUrl } = setting.l1
  const events = { ...(onProgress && { onProgress }), ...(onEvent && { onEvent }) }
  const running = await run({ setting, config: network.manifest, ...events }).catch(
    async (error: unknown) => {
      // A genesis file that makes another block 0 must not stay as the chain of this folder.
      if (isNew && error instanceof OtherChainError) await rm(networkOf(dir), { recursive: true })
      throw error
    },
  )
  if (beaconUrl === undefined) return running
  const watch = watchBeacon({ url: beaconUrl, ...(onEvent && { onEvent }) })
  return {
    exited: Promise.race([running.exited, watch.failed]),
    stop: async () => {
      await watch.stop()
      await running.stop()
    },
  }
}

/** The chain knows who it takes batches and roots from, also after a key was changed. */
async function checkKeys({ network, l1RpcUrl, keys }: OperatorOptions): Promise<void> {
  const { SystemConfig, OutputProposer } = network.manifest.l1.contracts
  const client = rpc(l1RpcUrl)
  const [batcherHash, operator] = await Promise.all([
    readContract(client, { address: SystemConfig, abi: systemConfigAbi, functionName: 'batcherHash' }),
    readContract(client, { address: OutputProposer, abi: outputProposer.abi, functionName: 'OPERATOR' }),
  ])
  const expected: Record<keyof typeof keys, Address> = {
    batcher: getAddress(slice(batcherHash, 12)),
    proposer: operator,
  }
  for (const role of ['batcher', 'proposer'] as const) {
    const address = privateKeyToAddress(keys[role])
    if (address !== expected[role]) throw new WrongKeyError(role, address, expected[role])
  }
}

const chainConfig = z.object({ osakaTime: z.number().optional(), pragueTime: z.number().optional() })

/** The newest rules that the network folder knows of its L1. */
async function rulesOf({ l1ChainConfig }: NetworkFolder): Promise<L1Rules> {
  const { osakaTime, pragueTime } = chainConfig.parse(JSON.parse(await readFile(l1ChainConfig, 'utf8')))
  if (osakaTime !== undefined) return 'osaka'
  return pragueTime === undefined ? 'cancun' : 'prague'
}
