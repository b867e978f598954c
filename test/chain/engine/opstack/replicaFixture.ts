import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ReplicaUrls } from '../../../../chain/engine/opstack/replica.ts'
import { cacheDir } from './fixture.ts'

export type ReplicaProcess = {
  up: ReplicaUrls
  /** `kill -9` of the supervisor alone: its components are orphans then. */
  kill(): Promise<void>
  stop(): Promise<void>
}

export async function startReplicaProcess(
  dir: string,
  network: string,
  l1RpcUrl: string,
): Promise<ReplicaProcess> {
  const script = join(import.meta.dirname, 'replicaProcess.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, dir, network, l1RpcUrl, cacheDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const up = await new Promise<ReplicaUrls>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.up !== undefined) resolve(said.up)
    })
    ended.then(() => reject(new Error(`the replica ended: ${stderr}`)))
  })
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  return { up, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}
