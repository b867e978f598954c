import { mkdir, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Hex, sha256 } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { assertFinalization } from '../../deploy/assertions.ts'
import type { BaseError } from '../../errors.ts'
import type { OpStackBuild } from '../../opstack/build.ts'
import { stopOrphans } from '../anvil/node.ts'
import type { EngineEvent, EngineOptions, OpStackEngine } from '../engine.ts'
import { readStored } from '../stored.ts'
import { type CatchUpParameters, startCatchUp } from './catchUp.ts'
import {
  l2RpcUrl,
  nodeRpcUrl,
  type Setting,
  startBatcher,
  startGeth,
  startNode,
  startProposer,
} from './components.ts'
import { startCurrent } from './current.ts'
import { WrongKeyError } from './errors.ts'
import { ensureJwt } from './jwt.ts'
import { checkExternalL1, type ExternalL1, knownL1s, startBundledL1 } from './l1.ts'
import { make, type StoredOpStack, writeFiles } from './make.ts'
import { opStackPaths } from './paths.ts'
import { freePort, stopComponentOrphans } from './process.ts'
import { type Life, type Supervised, supervise } from './supervise.ts'
import { startWatch } from './watch.ts'

/** Two causes for a restart within this time are one. */
const SAME_CAUSE_MS = 3_000

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
  await writeFiles(paths, stored, l1)
  const opStack = {
    rollupFileHash: sha256(await readFile(paths.rollup)),
    l1ChainConfigHash: sha256(await readFile(paths.l1ChainConfig)),
    versions: options.build.versions,
  }

  const setting: Setting = {
    paths,
    binaries: options.build.binaries,
    l1: {
      rpcUrl: l1?.rpcUrl ?? `http://127.0.0.1:${ports.l1}`,
      kind: l1 === undefined ? 'basic' : 'standard',
      blockTimeSeconds: config.l1.blockTimeSeconds,
      isKnown: knownL1s.has(config.l1.chainId),
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
  const running = await startAll(options, setting, stored)
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

/** Everything in order, each healthy before the next begins; stopped in the opposite order. */
async function startAll(
  options: OpStackOptions,
  setting: Setting,
  { genesisTime }: StoredOpStack,
): Promise<{ exited: Promise<BaseError>; stop(): Promise<void> }> {
  const { config, l1 } = options
  const { keep, failures, stops, stop } = openKeeper(options, setting)
  let senders: Supervised[] = []
  let restartedMs = 0
  const restartSenders = () => {
    // An L1 that comes back is noticed twice: by its supervisor, and by a head that is gone.
    if (Date.now() - restartedMs < SAME_CAUSE_MS) return
    restartedMs = Date.now()
    for (const sender of senders) sender.restart()
  }
  try {
    if (l1 === undefined) {
      const port = Number(new URL(setting.l1.rpcUrl).port)
      const bundled = { paths: setting.paths, config, port, genesisTime }
      // What it lost with its last block, the senders believe to be there.
      await keep('L1', () => startBundledL1(bundled), restartSenders)
    }
    await keep('geth', () => startGeth(setting))
    await keep('op-node', () => startNode(setting))
    const batcher = await keep('op-batcher', () => startBatcher(setting))
    const proposer = await keep('op-proposer', () => startProposer(setting))
    senders = [batcher, proposer]
    const { onEvent } = options
    const watches = [
      startWatch({ setting, config, batcher, restartSenders, ...(onEvent && { onEvent }) }),
      startCatchUp(catchUpParameters(options, setting, proposer)),
    ]
    for (const watch of watches) {
      stops.push(() => watch.stop())
      failures.push(watch.failed)
    }
    const exited = Promise.race(failures)
    const current = startCurrent({
      setting,
      config,
      ...(options.onProgress && { onProgress: options.onProgress }),
    })
    stops.push(current.stop)
    const failure = await Promise.race([current.reached, exited])
    if (failure !== undefined) throw failure
    return { exited, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Components under supervision, in the order of their start. */
function openKeeper({ onProgress, onEvent }: OpStackOptions, { paths }: Setting) {
  const stops: (() => Promise<void>)[] = []
  const failures: Promise<BaseError>[] = []
  return {
    stops,
    failures,
    stop: async () => {
      for (const end of stops.splice(0).reverse()) await end()
    },
    keep: async (component: string, start: () => Promise<Life>, afterRevival?: () => void) => {
      onProgress?.(`${component}: starting`)
      const onRevived = (how: string) => {
        const detail = `It had ended: ${how}. It runs again.`
        onEvent?.({ severity: 'alert', what: 'component-restarted', component, detail })
        afterRevival?.()
      }
      const logFile = paths.log(component)
      const supervised = await supervise({ name: component, logFile, start, onRevived })
      stops.push(() => supervised.stop())
      failures.push(supervised.failed)
      return supervised
    },
  }
}

function catchUpParameters(
  { config, onEvent, onProgress }: OpStackOptions,
  setting: Setting,
  component: Supervised,
): CatchUpParameters {
  return {
    l1: { rpcUrl: setting.l1.rpcUrl, chainId: config.l1.chainId },
    nodeRpcUrl: nodeRpcUrl(setting),
    outputProposer: setting.outputProposer,
    proposer: privateKeyToAccount(setting.keys.proposer),
    component,
    onBehind: (missing) => {
      const detail = `${missing} output roots are missing. The engine sends them itself.`
      onEvent?.({ severity: 'alert', what: 'roots-behind', component: 'op-proposer', detail })
    },
    onProgress: (step) => onProgress?.(step),
  }
}
