import { readFileSync, writeFileSync } from 'node:fs'
import { sha256 } from 'viem'
import type { DeployConfig, Deployment } from '../../chain/deploy/config.ts'
import type { NetworkFiles } from '../../chain/engine/opstack/networkFolder.ts'
import type { Manifest } from '../../chain/manifest.ts'

/** The manifest that an operator of engine op-stack would publish, as far as a replica reads it. */
export function replicaManifest(config: DeployConfig, deployment: Deployment, files: NetworkFiles): Manifest {
  const { l1, l2 } = deployment
  const { submissionIntervalBlocks, finalizationPeriodSeconds, sequencingWindowBlocks } = config.bridge
  return {
    version: 1,
    name: 'test',
    engine: 'op-stack',
    l1: {
      ...config.l1,
      rpcUrl: 'http://127.0.0.1:1',
      genesisHash: l1.genesisHash,
      startBlock: l1.startBlock,
      contracts: l1.contracts,
    },
    l2: { ...config.l2, rpcUrl: 'http://127.0.0.1:1', genesisHash: l2.genesisHash },
    bridge: { submissionIntervalBlocks, finalizationPeriodSeconds, sequencingWindowBlocks },
    opStack: {
      rollupFileHash: sha256(readFileSync(files.rollup)),
      l1ChainConfigHash: sha256(readFileSync(files.l1ChainConfig)),
      versions: {},
    },
    tokens: [],
    networks: [],
    indices: [],
    services: {},
  }
}

/** Changes one JSON file in place. */
export function edit(path: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(path, 'utf8'))
  change(json)
  writeFileSync(path, JSON.stringify(json, null, 2))
}
