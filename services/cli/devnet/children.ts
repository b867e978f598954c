import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../../../chain/artifacts.ts'
import { ServiceDiedError, WaitedTooLongError } from '../errors.ts'

export type Child = {
  readonly name: string
  readonly pid: number
  /** Rejects with ServiceDiedError when the service ends by itself; never settles otherwise. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

export type ServiceName = 'sequencer' | 'relayer' | 'api' | 'watcher'

export type StartServiceParameters = {
  name: ServiceName
  logs: string
  env: Record<string, string>
}

const graceMs = 10_000

/**
 * Starts a service as a child with its own log file. The open end of its standard input is a leash: when this process
 * dies, even by `kill -9`, the system closes it and the service stops.
 */
export function startService({ name, logs, env }: StartServiceParameters): Child {
  mkdirSync(logs, { recursive: true })
  const logFile = join(logs, `${name}.log`)
  const child = spawn(process.execPath, ['services/start.js', name], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const log = createWriteStream(logFile, { flags: 'a' })
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })

  let stopping = false
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  const died = exited.then((exit) => {
    if (!stopping) throw new ServiceDiedError(name, exit, logFile)
    return new Promise<never>(() => {})
  })
  died.catch(() => {})
  return {
    name,
    pid: child.pid ?? 0,
    died,
    stop: () => {
      stopping = true
      return endChild(child, exited)
    },
  }
}

async function endChild(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), graceMs)
  await exited
  clearTimeout(hard)
}

/** Waits until `url` answers 200, or the child dies, or the time is over. */
export async function waitReady(child: Child, url: string, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1_000
  while (Date.now() < deadline) {
    const ready = fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      (response) => response.ok,
      () => false,
    )
    if (await Promise.race([ready, child.died])) return
    await sleep(100)
  }
  throw new WaitedTooLongError(`${child.name} to be ready at ${url}`, seconds, 'Look into its log file.')
}
