import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import type { Deployment } from '../../../chain/deploy/config.ts'
import { makeL2, opStackOf, writeFiles } from '../../../chain/engine/opstack/make.ts'
import { readNetworkFolder, writeNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { opStackPaths } from '../../../chain/engine/opstack/paths.ts'
import { freePort } from '../../../chain/engine/opstack/process.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import type { OpStackBuild } from '../../../chain/opstack/build.ts'
import type { DeployFolder } from './journal.ts'
import type { Sent } from './l1Side.ts'
import type { Roles } from './rolesFile.ts'

export type NetworkFilesParameters = Pick<Sent, 'roles' | 'config' | 'l1' | 'l2Time'> & {
  folder: DeployFolder
  build: OpStackBuild
  onProgress: (step: string) => void
}

/** Makes what a replica, and the operator, start from, and writes the network folder, whole or not at all. */
export async function writeNetwork(parameters: NetworkFilesParameters): Promise<Manifest> {
  const { folder, roles, config, l2Time, build } = parameters
  await rm(folder.make, { recursive: true, force: true })
  const paths = opStackPaths(folder.make)
  await mkdir(paths.l2Dir, { recursive: true })
  const ports = {
    l2: await freePort('op-geth'),
    l2Engine: await freePort('the engine API of op-geth'),
  }
  try {
    const deployment = await makeL2({ ...parameters, paths, ports })
    await writeFiles(paths, { config, deployment, l2Time }, roles.l1.rules)
    const manifest = { ...firstManifest(roles, deployment), opStack: await opStackOf(paths, build) }
    await writeNetworkFolder(folder.network, { manifest, files: paths })
    return manifest
  } finally {
    await rm(folder.make, { recursive: true, force: true })
  }
}

/** The manifest that an earlier run has written, if it is that of this deployment; with the URLs of today. */
export async function writtenManifest(
  folder: DeployFolder,
  { l1, roles }: Pick<Sent, 'l1' | 'roles'>,
): Promise<Manifest | undefined> {
  if (!existsSync(folder.network)) return undefined
  // Somebody made it beforehand.
  if ((await readdir(folder.network)).length === 0) {
    await rmdir(folder.network)
    return undefined
  }
  const { manifest, genesis, rollup, l1ChainConfig } = await readNetworkFolder(folder.network)
  if (manifest.l1.startBlock.hash !== l1.startBlock.hash) return undefined
  const { l1: l1RpcUrl, l2: l2RpcUrl, ...services } = roles.urls
  const current = {
    ...manifest,
    l1: { ...manifest.l1, rpcUrl: l1RpcUrl },
    l2: { ...manifest.l2, rpcUrl: l2RpcUrl },
    services,
  }
  if (JSON.stringify(current) !== JSON.stringify(manifest))
    await writeNetworkFolder(folder.network, { manifest: current, files: { genesis, rollup, l1ChainConfig } })
  return current
}

/** What is known before L2 has its contracts: enough for operator, replica and sequencer. */
function firstManifest(roles: Roles, { l1, l2 }: Deployment): Manifest {
  const { urls, bridge } = roles
  const { l1: l1RpcUrl, l2: l2RpcUrl, ...services } = urls
  return {
    version: 1,
    name: roles.name,
    engine: 'op-stack',
    l1: {
      chainId: roles.l1.chainId,
      rpcUrl: l1RpcUrl,
      genesisHash: l1.genesisHash,
      blockTimeSeconds: roles.l1.blockTimeSeconds,
      startBlock: l1.startBlock,
      contracts: l1.contracts,
    },
    l2: {
      chainId: roles.l2.chainId,
      rpcUrl: l2RpcUrl,
      genesisHash: l2.genesisHash,
      blockTimeSeconds: roles.l2.blockTimeSeconds,
    },
    bridge: {
      submissionIntervalBlocks: bridge.submissionIntervalBlocks,
      finalizationPeriodSeconds: bridge.finalizationPeriodSeconds,
      sequencingWindowBlocks: bridge.sequencingWindowBlocks,
    },
    tokens: [],
    networks: roles.networks.map(({ name, unit, unitWork, source }, position) => ({
      id: position + 1,
      name,
      unit,
      unitWork: unitWork.toString(),
      source,
    })),
    indices: [],
    services,
  }
}
