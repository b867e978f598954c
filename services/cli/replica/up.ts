import { setTimeout as sleep } from 'node:timers/promises'
import { type NetworkFolder, readNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { type Replica, startReplica } from '../../../chain/engine/opstack/replica.ts'
import { BaseError } from '../../../chain/errors.ts'
import { buildOpStack } from '../../../chain/opstack/build.ts'
import { cacheFolder } from '../context.ts'
import { tellEvent } from '../engineEvents.ts'
import type { Output } from '../output.ts'
import { serveHealth } from './health.ts'
import { lockReplica } from './lock.ts'
import { describe, isLevel, lookAtReplica } from './look.ts'

const POLL_MS = 1_000

export type ReplicaUpParameters = {
  network: string
  data: string
  l1: string
  beacon?: string
  basePort: number
  output: Output
  signal: AbortSignal
}

export type RunningReplica = {
  replica: Replica
  network: NetworkFolder
  healthUrl: string
  stop(): Promise<void>
}

/** The ports of a replica, in the order of their use by others. */
export function replicaPorts(basePort: number) {
  return { l2: basePort, node: basePort + 1, health: basePort + 2, l2Engine: basePort + 3 }
}

/** Checks, builds and starts everything. Nothing stays behind when a step fails. */
export async function replicaUp(parameters: ReplicaUpParameters): Promise<RunningReplica> {
  const { data, l1, beacon, basePort, output } = parameters
  const network = await readNetworkFolder(parameters.network)
  const onProgress = (step: string) => output.progress(`${step} …`)
  const build = await buildOpStack({ cacheDir: cacheFolder(), environment: process.env, onProgress })
  const release = await lockReplica(data)
  const stops: (() => Promise<void>)[] = [release]
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end()
  }
  try {
    const ports = replicaPorts(basePort)
    const replica = await startReplica({
      dir: data,
      network,
      l1RpcUrl: l1,
      ...(beacon === undefined ? {} : { beaconUrl: beacon }),
      ports,
      build,
      onProgress,
      onEvent: (event) => tellEvent(output, event),
    })
    stops.push(() => replica.stop())
    const health = await serveHealth({
      port: ports.health,
      folder: data,
      manifest: network.manifest,
      urls: replica,
    })
    stops.push(health.close)
    return { replica, network, healthUrl: health.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Says how far behind it is until it has read all of L1, or is told to stop. */
export async function followUntilLevel(
  { network, replica }: RunningReplica,
  { data, output, signal }: Pick<ReplicaUpParameters, 'data' | 'output' | 'signal'>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const status = await lookAtReplica(data, replica)
      if (isLevel(status)) return
      output.progress(describe(network.manifest, status))
    } catch (error) {
      // One of its programs is just being restarted, or L1 is away for a moment.
      if (!(error instanceof BaseError) || !error.retry) throw error
      output.progress(error.message)
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
}
