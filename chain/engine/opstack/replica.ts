import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { sha256 } from 'viem'
import { z } from 'zod'
import type { BaseError } from '../../errors.ts'
import type { OpStackBuild } from '../../opstack/build.ts'
import type { EngineEvent } from '../engine.ts'
import { checkBeacon, watchBeacon } from './beacon.ts'
import {
  initGeth,
  l2RpcUrl,
  type NodeSetting,
  nodeRpcUrl,
  startGeth,
  startReplicaNode,
} from './components.ts'
import { ComponentStartError, OtherChainError } from './errors.ts'
import { ensureJwt } from './jwt.ts'
import { openKeeper } from './keeper.ts'
import { knownL1s } from './l1.ts'
import { assertSameNetwork, type NetworkFolder, writeNetworkFolder } from './networkFolder.ts'
import { type ReplicaPaths, replicaPaths } from './paths.ts'
import { freePort, stopComponentOrphans } from './process.ts'
import {
  GenesisHashError,
  GenesisRefusedError,
  NetworkFileHashError,
  NotReplicaFolderError,
} from './replicaErrors.ts'
import { checkReplicaL1 } from './replicaL1.ts'

export type ReplicaOptions = {
  /** The replica's own folder, which one process may use at a time. */
  dir: string
  /** From `readNetworkFolder`. */
  network: NetworkFolder
  l1RpcUrl: string
  /** Where blobs are read; needed only where batches are blobs. */
  beaconUrl?: string
  /** `l2` is its RPC, `node` that of op-node. All of them stay on this machine; 0 lets the system choose. */
  ports: { l2: number; node?: number; l2Engine?: number }
  build: OpStackBuild
  onProgress?: (step: string) => void
  onEvent?: (event: EngineEvent) => void
}

/** Where a replica answers. `replicaStatus` asks these. */
export type ReplicaUrls = { l1RpcUrl: string; l2RpcUrl: string; nodeRpcUrl: string }

export type Replica = ReplicaUrls & {
  /** Resolves when it could not be kept alive. Never rejects. */
  readonly exited: Promise<BaseError>
  stop(): Promise<void>
}

/**
 * Starts a replica, or continues it, whatever was killed before, and when: op-geth and an op-node that derives the
 * chain from L1 alone. It runs from here on; how far it is, `replicaStatus` says.
 */
export async function startReplica(given: ReplicaOptions): Promise<Replica> {
  const options = { ...given, dir: resolve(given.dir) }
  const { dir, network, l1RpcUrl, beaconUrl, ports: wanted } = options
  const paths = replicaPaths(dir)
  const isNew = await prepareFolder(paths, network)
  await stopComponentOrphans(dir)
  const ports = {
    l2: await freePort('the replica', wanted.l2),
    node: await freePort("the replica's op-node", wanted.node),
    l2Engine: await freePort("the engine API of the replica's op-geth", wanted.l2Engine),
  }
  await checkReplicaL1(l1RpcUrl, network.manifest)
  if (beaconUrl !== undefined) await checkBeacon(beaconUrl)

  const existed = existsSync(dir)
  try {
    return await run(options, paths, settingOf(options, paths, ports))
  } catch (error) {
    // A first start leaves nothing behind: neither half a chain nor one that was refused. A whole one may go on.
    if (isNew && !existsSync(paths.network)) await discard(paths, existed)
    throw error
  }
}

function settingOf(
  { network, l1RpcUrl, beaconUrl, build }: ReplicaOptions,
  paths: ReplicaPaths,
  ports: NodeSetting['ports'],
): NodeSetting {
  const { l1, l2 } = network.manifest
  return {
    // The copies, which nobody changes while op-node runs.
    paths: {
      ...paths,
      rollup: join(paths.network, 'rollup.json'),
      l1ChainConfig: join(paths.network, 'l1-chain-config.json'),
    },
    binaries: build.binaries,
    l1: {
      rpcUrl: l1RpcUrl,
      ...(beaconUrl === undefined ? {} : { beaconUrl }),
      kind: 'standard',
      blockTimeSeconds: l1.blockTimeSeconds,
      isKnown: knownL1s.has(l1.chainId),
    },
    l2: { chainId: l2.chainId, genesisHash: l2.genesisHash },
    ports,
  }
}

/** Whether the replica still has to be made. Refuses a folder of something else, or of another network. */
async function prepareFolder(paths: ReplicaPaths, { manifest, genesis }: NetworkFolder): Promise<boolean> {
  if (existsSync(paths.network)) {
    await assertSameNetwork(paths.network, manifest)
    const [given, own] = [await readFile(genesis), await readFile(join(paths.network, 'genesis.json'))]
    if (!given.equals(own))
      throw new NetworkFileHashError(genesis, sha256(given), sha256(own), 'this replica began with')
    return false
  }
  if (!existsSync(paths.dir)) return true
  // A first start that was killed leaves these, the caller its lock.
  const foreign = (await readdir(paths.dir)).filter(
    (entry) => !/^(l2|logs|lock|network\.\w+\.tmp)$/.test(entry),
  )
  if (foreign.length > 0) throw new NotReplicaFolderError(paths.dir, foreign)
  return true
}

async function discard({ dir, l2Dir, logs }: ReplicaPaths, existed: boolean): Promise<void> {
  for (const path of existed ? [l2Dir, logs] : [dir]) await rm(path, { recursive: true, force: true })
}

async function run(options: ReplicaOptions, paths: ReplicaPaths, setting: NodeSetting): Promise<Replica> {
  const { network, onProgress, onEvent } = options
  const { keep, failures, stops, stop } = openKeeper({
    logOf: paths.log,
    ...(onProgress && { onProgress }),
    ...(onEvent && { onEvent }),
  })
  try {
    await ensureDatabase(options, paths, setting)
    await keep('geth', () => startGeth(setting)).catch((error: unknown) => {
      throw error instanceof OtherChainError && !existsSync(paths.network)
        ? new GenesisHashError(network.genesis, error.given, error.expected)
        : error
    })
    await writeNetworkFolder(paths.network, { manifest: network.manifest, files: network })
    await keep('op-node', () => startReplicaNode(setting))
    const urls = { l1RpcUrl: options.l1RpcUrl, l2RpcUrl: l2RpcUrl(setting), nodeRpcUrl: nodeRpcUrl(setting) }
    await remember(paths, urls)
    stops.push(() => rm(paths.running, { force: true }))
    if (options.beaconUrl !== undefined) {
      const watch = watchBeacon({ url: options.beaconUrl, ...(onEvent && { onEvent }) })
      stops.push(() => watch.stop())
      failures.push(watch.failed)
    }
    return { ...urls, exited: Promise.race(failures), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The first start makes the database anew, whatever a killed one left of it. */
async function ensureDatabase(
  { network, onProgress }: ReplicaOptions,
  paths: ReplicaPaths,
  setting: NodeSetting,
): Promise<void> {
  await mkdir(paths.l2Dir, { recursive: true })
  await ensureJwt(paths.jwt)
  if (existsSync(paths.network) && existsSync(paths.geth)) return
  onProgress?.('genesis')
  await rm(paths.geth, { recursive: true, force: true })
  await initGeth(setting, network.genesis).catch((error: unknown) => {
    if (!(error instanceof ComponentStartError)) throw error
    const reason = error.lastWords.split('\n').at(-1) ?? error.outcome
    throw new GenesisRefusedError(network.genesis, reason, error)
  })
}

const urlsSchema = z.object({ l1RpcUrl: z.string(), l2RpcUrl: z.string(), nodeRpcUrl: z.string() })

/** For the owner alone: URLs may hold a token. */
async function remember({ running }: ReplicaPaths, urls: ReplicaUrls): Promise<void> {
  await writeFile(`${running}.tmp`, JSON.stringify(urls), { mode: 0o600 })
  await rename(`${running}.tmp`, running)
}

/** Where the replica of this folder answers, or did when it was killed; undefined where none runs. */
export async function runningReplica(dir: string): Promise<ReplicaUrls | undefined> {
  const { running } = replicaPaths(resolve(dir))
  const text = await readFile(running, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : urlsSchema.safeParse(JSON.parse(text)).data
}
