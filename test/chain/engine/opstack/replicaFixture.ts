import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ReplicaUrls } from '../../../../chain/engine/opstack/replica.ts'
import { cacheDir } from './fixture.ts'

/** A replica's process, before it says that it is up. */
export type StartingReplica = { up(): Promise<ReplicaProcess>; kill(): Promise<void> }

export type ReplicaProcess = {
  up: ReplicaUrls
  /** `kill -9` of the supervisor alone: its components are orphans then. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export function startReplicaProcess(dir: string, network: string, l1RpcUrl: string): StartingReplica {
  const script = join(import.meta.dirname, 'replicaProcess.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, dir, network, l1RpcUrl, cacheDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  const kill = () => end('SIGKILL')
  return {
    kill,
    up: async () => {
      const up = await new Promise<ReplicaUrls>((resolve, reject) => {
        createInterface(child.stdout).on('line', (line) => {
          const said = JSON.parse(line)
          if (said.up !== undefined) resolve(said.up)
        })
        ended.then(() => reject(new Error(`the replica ended: ${stderr}`)))
      })
      return { up, kill, stop: () => end('SIGTERM') }
    },
  }
}
