import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { assertFinalization } from '../../deploy/assertions.ts'
import type { OpStackBuild } from '../../opstack/build.ts'
import { stopOrphans } from '../anvil/node.ts'
import type { EngineEvent, EngineOptions, OpStackEngine } from '../engine.ts'
import { readStored } from '../stored.ts'
import { l2RpcUrl, nodeRpcUrl, type Setting } from './components.ts'
import { WrongKeyError } from './errors.ts'
import { ensureJwt } from './jwt.ts'
import { bundledRules, checkExternalL1, type ExternalL1, knownL1s, startBundledL1 } from './l1.ts'
import { make, opStackOf, type StoredOpStack, writeFiles } from './make.ts'
import { opStackPaths } from './paths.ts'
import { freePort, stopComponentOrphans } from './process.ts'
import { run } from './run.ts'

export type OpStackOptions = Omit<EngineOptions, 'ports'> & {
  /** `l2` is the public RPC. `node` and `l2Engine` stay on this machine; 0 lets the system choose. */
  ports: { l1: number; l2: number; node?: number; l2Engine?: number }
  build: OpStackBuild
  /** Private keys of the roles that op-batcher and op-proposer send with. */
  keys: { batcher: Hex; proposer: Hex }
  /** Absent: the bundled L1, which lives and dies with the engine. */
  l1?: ExternalL1
  /** Time of the bundled L1's block 0, at the first start. In the past, L2 has that much to catch up. */
  genesisTime?: number
  onEvent?: (event: EngineEvent) => void
}

/** Starts the chain on the programs of the OP Stack, or continues it, whatever was killed before, and when. */
export async function startOpStackEngine(given: OpStackOptions): Promise<OpStackEngine> {
  const options = { ...given, dir: resolve(given.dir) }
  const { dir, config, keys, l1 } = options
  assertFinalization(config)
  for (const role of ['batcher', 'proposer'] as const) {
    const { address } = privateKeyToAccount(keys[role])
    if (address !== config.roles[role]) throw new WrongKeyError(role, address, config.roles[role])
  }
  await stopComponentOrphans(dir)
  await stopOrphans(dir)
  await options.beforeStart?.()
  const ports = {
    l1: l1 === undefined ? await freePort('L1', options.ports.l1) : 0,
    l2: await freePort('L2', options.ports.l2),
    l2Engine: await freePort('the engine API of op-geth', options.ports.l2Engine),
    node: await freePort('op-node', options.ports.node),
  }
  if (l1 !== undefined) await checkExternalL1(l1, config.l1.chainId)
  const paths = opStackPaths(dir)
  await mkdir(paths.l2Dir, { recursive: true })
  await ensureJwt(paths.jwt)
  const stored =
    (await readStored<StoredOpStack>(paths.deployment, config, dir)) ??
    (await make({ options, paths, ports }))
  await writeFiles(paths, stored, l1?.rules ?? bundledRules)
  const opStack = await opStackOf(paths, options.build)

  const setting: Setting = {
    paths,
    binaries: options.build.binaries,
    l1: {
      rpcUrl: l1?.rpcUrl ?? `http://127.0.0.1:${ports.l1}`,
      kind: l1 === undefined ? 'basic' : 'standard',
      blockTimeSeconds: config.l1.blockTimeSeconds,
      isKnown: knownL1s.has(config.l1.chainId),
      ...(l1?.beaconUrl === undefined ? {} : { beaconUrl: l1.beaconUrl }),
    },
    l2: {
      chainId: config.l2.chainId,
      genesisHash: stored.deployment.l2.genesisHash,
      sequencingWindowBlocks: config.bridge.sequencingWindowBlocks,
    },
    ports,
    keys,
    outputProposer: stored.deployment.l1.contracts.OutputProposer,
  }
  const bundled = { paths, config, port: ports.l1, genesisTime: stored.genesisTime }
  const running = await run({
    setting,
    config,
    ...(l1 === undefined ? { startL1: () => startBundledL1(bundled) } : {}),
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.onEvent && { onEvent: options.onEvent }),
  })
  return {
    l1RpcUrl: setting.l1.rpcUrl,
    l2RpcUrl: l2RpcUrl(setting),
    nodeRpcUrl: nodeRpcUrl(setting),
    deployment: stored.deployment,
    ...(l1 === undefined ? { l1DurablePath: paths.l1.durable } : {}),
    files: { genesis: paths.genesis, rollup: paths.rollup, l1ChainConfig: paths.l1ChainConfig },
    opStack,
    ...running,
  }
}
