import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startAnvilEngine } from '../../../chain/engine/anvil/engine.ts'
import { stopOrphans } from '../../../chain/engine/anvil/node.ts'
import type { AnvilEngine, OpStackEngine } from '../../../chain/engine/engine.ts'
import { startOpStackEngine } from '../../../chain/engine/opstack/engine.ts'
import { stopComponentOrphans } from '../../../chain/engine/opstack/process.ts'
import type { Replica } from '../../../chain/engine/opstack/replica.ts'
import { type Manifest, readManifest, writeManifest } from '../../../chain/manifest.ts'
import { buildOpStack, type OpStackBuild } from '../../../chain/opstack/build.ts'
import { createKeysFile, type Keys, readKeys } from '../../runtime/keys.ts'
import type { Context } from '../context.ts'
import { cacheFolder, dataFolder } from '../context.ts'
import { tellEvent } from '../engineEvents.ts'
import { secretsOf } from './accounts.ts'
import { type Child, type ServiceName, startService, waitReady } from './children.ts'
import { finishDeployment } from './deployL2.ts'
import { lockStateFolder } from './lock.ts'
import { deployConfig, firstManifest, networkOf } from './network.ts'
import {
  checkPortsFree,
  type FirstChoice,
  firstProfile,
  loadProfile,
  type Ports,
  type Profile,
  portsFrom,
  prepareStateFolder,
  refuseOtherChoice,
  type StateFolder,
} from './profile.ts'
import { publish, startOwnReplica } from './replica.ts'

export type StartOptions = FirstChoice & { basePort: number }

export type Devnet = {
  manifest: Manifest
  profile: Profile
  keys: Keys
  /** The day with which the chain's clock began. */
  firstDay: number
  /** Engine op-stack: a replica of it, beside it. */
  replica?: Replica
  /** Rejects when any part of the network ends by itself. */
  died: Promise<never>
  stop(): Promise<void>
}

const readySeconds = 60

/**
 * Brings the whole network up, or back to where it was: engine, sequencer, what is still missing on L2, relayer, api.
 * Every stage asks the chains what is there already, so that a start goes on wherever the last one was cut off.
 */
export async function startDevnet({
  folder,
  output,
  options,
}: Pick<Context, 'folder' | 'output'> & { options: StartOptions }): Promise<Devnet> {
  await prepareStateFolder(folder)
  const lock = await lockStateFolder(folder.root)
  const stops: (() => Promise<void>)[] = [() => lock.release()]
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const ports = portsFrom(options.basePort)
    await clearTheGround(folder, ports, output)
    const profile = await loadProfile(folder, firstProfile(options, dataFolder()))
    refuseOtherChoice(folder, profile, options)
    await createKeysFile(folder.keys)
    const keys = await readKeys(folder.keys)

    const build = profile.engine === 'op-stack' ? await buildPrograms(output) : undefined
    const engine = await startEngine({ folder, output, profile, ports, keys, build })
    stops.push(() => engine.stop())
    // The sequencer begins with this one and reads it again; the manifest of all others is only ever written complete.
    const manifest = firstManifest(profile, ports, engine)
    await writeManifest(folder.bootManifest, manifest)

    const start: StartChild = (name, env: Record<string, string> = {}) =>
      startChild({ folder, ports, name, env, stops })
    const startReaders = () =>
      Promise.all([
        Promise.all([start('relayer', oracleEnv()), start('api')]),
        startStrangers({ folder, ports, engine, build, output, stops, start }),
      ])
    // At a restart the others need not wait until L2 was looked through; they wait for its RPC by themselves.
    const early = (await isKnown(folder, manifest)) ? startReaders() : undefined
    early?.catch(() => {})
    const sequencer = await start('sequencer', {
      ...sequencerEnv(engine, ports),
      HASHSAND_MANIFEST: folder.bootManifest,
    })
    output.progress('deploying what is still missing on L2 …')
    const complete = await Promise.race([
      finishDeployment({ manifest, wbtc: engine.deployment.l1.wbtc, keys, profile, folder, output }),
      sequencer.died,
    ])
    await writeManifest(folder.manifest, complete)
    await writeManifest(folder.bootManifest, complete)
    const [others, strangers] = await (early ?? startReaders())
    if ('opStack' in engine) await publish(folder, engine, complete)
    output.done()

    const exits = [sequencer, ...others, ...strangers.children].map(({ died }) => died)
    const { replica } = strangers
    const engineExits = [engine, ...(replica === undefined ? [] : [replica])].map(({ exited }) =>
      exited.then((error): never => {
        throw error
      }),
    )
    const died = Promise.race([...exits, ...engineExits])
    died.catch(() => {})
    const { firstDay } = networkOf(profile)
    return { manifest: complete, profile, keys, firstDay, ...(replica && { replica }), died, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Before anything is written or started: what a killed run left behind is stopped, and the ports are free. */
async function clearTheGround(folder: StateFolder, ports: Ports, output: Context['output']): Promise<void> {
  const stopped = await stopOrphans(folder.engine)
  for (const dir of [folder.engine, folder.replica]) stopped.push(...(await stopComponentOrphans(dir)))
  if (stopped.length > 0)
    output.progress(`stopped ${stopped.length} processes that a killed run had left behind`)
  // A killed supervisor's services notice it and end by themselves, which takes them a moment.
  const patienceMs = existsSync(folder.profile) ? 5_000 : 0
  await checkPortsFree(ports, patienceMs)
}

/** Whether an earlier start came to its end: the complete manifest of this very network is there. */
async function isKnown(folder: StateFolder, { l1, l2, services }: Manifest): Promise<boolean> {
  if (!existsSync(folder.manifest)) return false
  const known = await readManifest(folder.manifest)
  return (
    known.l2.genesisHash === l2.genesisHash &&
    known.l1.startBlock.hash === l1.startBlock.hash &&
    known.services.api === services.api
  )
}

type EngineParameters = {
  folder: StateFolder
  output: Context['output']
  profile: Profile
  ports: Ports
  keys: Keys
  /** Of engine op-stack. */
  build: OpStackBuild | undefined
}

function buildPrograms(output: Context['output']): Promise<OpStackBuild> {
  const onProgress = (step: string) => output.progress(step)
  return buildOpStack({ cacheDir: cacheFolder(), environment: process.env, onProgress })
}

async function startEngine(parameters: EngineParameters): Promise<AnvilEngine | OpStackEngine> {
  const { folder, output, profile, ports, keys, build } = parameters
  const common = {
    dir: folder.engine,
    config: await deployConfig(profile, keys),
    deployer: keys.deployer,
    onProgress: (step: string) => output.progress(step),
  }
  if (build === undefined) {
    output.progress('starting both chains …')
    return startAnvilEngine({ ...common, ports: { l1: ports.l1, l2: ports.l2Internal } })
  }
  output.progress('starting L1 and the programs of the OP Stack …')
  return startOpStackEngine({
    ...common,
    ports: { l1: ports.l1, l2: ports.l2, l2Engine: ports.l2Internal, node: ports.opNode },
    build,
    keys: await secretsOf(folder.keys, ['batcher', 'proposer']),
    onEvent: (event) => tellEvent(output, event),
  })
}

type StartChild = (name: ServiceName, env?: Record<string, string>) => Promise<Child>

type StrangersParameters = {
  folder: StateFolder
  ports: Ports
  engine: AnvilEngine | OpStackEngine
  build: OpStackBuild | undefined
  output: Context['output']
  stops: (() => Promise<void>)[]
  start: StartChild
}

/** Who looks at the network from outside: on engine op-stack a replica, and a watcher who believes no other node. */
async function startStrangers(
  parameters: StrangersParameters,
): Promise<{ replica?: Replica; children: Child[] }> {
  const { engine, build, stops, start } = parameters
  if (build === undefined || !('opStack' in engine)) return { children: [] }
  const starting = startOwnReplica({ ...parameters, engine, build })
  // Another part may fail meanwhile, and everything is stopped then.
  stops.push(() => starting.then((replica) => replica.stop()).catch(() => {}))
  const replica = await starting
  const watcher = await start('watcher', {
    HASHSAND_REPLICA_L2_RPC: replica.l2RpcUrl,
    HASHSAND_REPLICA_NODE_RPC: replica.nodeRpcUrl,
  })
  return { replica, children: [watcher] }
}

/** All four signers as nodes of one process: they agree over the same protocol as strangers do. */
function oracleEnv(): Record<string, string> {
  return {
    HASHSAND_SIGNER: 'oracle0,oracle1,oracle2,oracle3',
    HASHSAND_LIVE: '1',
    HASHSAND_DATA: dataFolder(),
  }
}

function sequencerEnv(engine: AnvilEngine | OpStackEngine, ports: Ports): Record<string, string> {
  return {
    ...(engine.l1DurablePath === undefined ? {} : { HASHSAND_L1_DURABLE: engine.l1DurablePath }),
    ...('l2DumpDir' in engine
      ? {
          HASHSAND_L2_INTERNAL_RPC: engine.l2RpcUrl,
          HASHSAND_L2_DUMPS: engine.l2DumpDir,
          HASHSAND_L2_PORT: String(ports.l2),
        }
      : {}),
  }
}

type ChildParameters = {
  folder: StateFolder
  ports: Ports
  name: ServiceName
  env: Record<string, string>
  stops: (() => Promise<void>)[]
}

async function startChild({ folder, ports, name, env, stops }: ChildParameters): Promise<Child> {
  const child = startService({
    name,
    logs: folder.logs,
    env: {
      HASHSAND_MANIFEST: folder.manifest,
      HASHSAND_KEYS: folder.keys,
      HASHSAND_STATE_DIR: join(folder.root, name),
      HASHSAND_PORT: String(ports[name]),
      HASHSAND_LEASH: '1',
      ...env,
    },
  })
  stops.push(() => child.stop())
  await waitReady(child, `http://127.0.0.1:${ports[name]}/healthz`, readySeconds)
  return child
}
