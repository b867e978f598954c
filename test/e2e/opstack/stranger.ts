import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createPublicClient, http, type PublicClient } from 'viem'
import type { DeployConfig } from '../../../chain/deploy/config.ts'
import { startBundledL1 } from '../../../chain/engine/opstack/l1.ts'
import { opStackPaths } from '../../../chain/engine/opstack/paths.ts'
import { freePort } from '../../../chain/engine/opstack/process.ts'
import { reviveConfig } from '../../chain/fixture.ts'
import { type Command, hashsand, interrupt, type Sandbox } from '../../support/devnet.ts'
import type { RunningNetwork } from '../../support/network.ts'
import { cleanUp, engineDir } from './stage.ts'

const repository = join(import.meta.dirname, '..', '..', '..')

/** L1 belongs to others: it goes on where the operator's machine, which ran it too, is gone. */
export async function startL1Alone({ box }: RunningNetwork): Promise<{ stop(): Promise<void> }> {
  const paths = opStackPaths(engineDir(box))
  const stored = JSON.parse(await readFile(paths.deployment, 'utf8')) as {
    config: DeployConfig
    genesisTime: number
  }
  const { genesisTime } = stored
  return startBundledL1({ paths, config: reviveConfig(stored.config), port: box.basePort, genesisTime })
}

export type Stranger = {
  l2: PublicClient
  l2RpcUrl: string
  nodeRpcUrl: string
  watcherUrl: string
  stop(): Promise<void>
}

/** Somebody with another machine: a replica made from the published folder and L1 alone, and a watcher on it. */
export async function startStranger(network: RunningNetwork, box: Sandbox): Promise<Stranger> {
  const folder = join(box.state, 'network')
  await cp(join(network.box.state, 'network'), folder, { recursive: true })
  const replica = hashsand([
    'replica',
    'up',
    ...['--network', folder, '--l1', network.manifest.l1.rpcUrl],
    ...['--data', join(box.state, 'replica'), '--base-port', String(box.basePort)],
  ])
  const { l2RpcUrl, nodeRpcUrl } = (await replica.line(({ up }) => up === true)) as {
    l2RpcUrl: string
    nodeRpcUrl: string
  }
  const port = await freePort('the watcher')
  const watcher = startWatcher(network, box, { port, l2RpcUrl, nodeRpcUrl })
  return {
    l2: createPublicClient({ transport: http(l2RpcUrl), cacheTime: 0 }),
    l2RpcUrl,
    nodeRpcUrl,
    watcherUrl: `http://127.0.0.1:${port}`,
    stop: () => stop(replica, watcher, box),
  }
}

async function stop(replica: Command, watcher: ChildProcess, box: Sandbox): Promise<void> {
  watcher.kill('SIGTERM')
  await Promise.all([once(watcher, 'exit'), interrupt(replica)])
  await cleanUp(box)
  await box.remove()
}

type WatcherParameters = { port: number; l2RpcUrl: string; nodeRpcUrl: string }

function startWatcher(
  { box: operator, manifest }: RunningNetwork,
  box: Sandbox,
  { port, l2RpcUrl, nodeRpcUrl }: WatcherParameters,
): ChildProcess {
  return spawn(process.execPath, ['services/start.js', 'watcher'], {
    cwd: repository,
    stdio: 'ignore',
    env: {
      ...process.env,
      HASHSAND_MANIFEST: join(box.state, 'network', `${manifest.l2.chainId}.json`),
      HASHSAND_KEYS: join(operator.state, 'keys.json'),
      HASHSAND_STATE_DIR: join(box.state, 'watcher'),
      HASHSAND_REPLICA_L2_RPC: l2RpcUrl,
      HASHSAND_REPLICA_NODE_RPC: nodeRpcUrl,
      HASHSAND_PORT: String(port),
    },
  })
}
