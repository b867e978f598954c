import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProgramName } from '../../opstack/build.ts'
import { commandLines, killIfThere } from '../anvil/node.ts'
import { ComponentStartError, PortTakenError } from './errors.ts'

const HEALTH_INTERVAL_MS = 100
const START_TIMEOUT_MS = 60_000
/** op-geth writes its caches on the way out; the others only say goodbye. */
const GRACE_MS = 20_000
const TAIL_BYTES = 1_500

export type ProcessParameters = {
  name: ProgramName
  binary: string
  /** The engine's folder. It becomes part of the process's name, so that a later start knows its orphans. */
  dir: string
  logFile: string
  args: readonly string[]
  /** For what must not be seen in the list of processes: keys, and URLs that may hold a token. */
  secrets?: Record<string, string>
  /** Has nothing that must be closed: it is ended at once. op-batcher would wait for L1 first. */
  isStateless?: boolean
  /** Whether it does its work; undefined while it does not. May throw to end the wait with a better error. */
  healthy: () => Promise<boolean>
}

/** One life of a component. */
export type Process = {
  readonly pid: number
  /** Resolves with how it ended. */
  readonly ended: Promise<string>
  /** Asks it to end, waits until its files are closed, and insists where it does not. */
  stop(): Promise<void>
}

/** Starts a component, without a shell and with an empty environment, and waits until it is healthy. */
export async function startProcess(parameters: ProcessParameters): Promise<Process> {
  const { name, binary, dir, logFile, args, secrets = {}, isStateless = false, healthy } = parameters
  mkdirSync(dirname(logFile), { recursive: true })
  const log = openSync(logFile, 'a')
  const child = spawn(binary, args, {
    argv0: join(resolve(dir), name),
    cwd: dir,
    env: { HOME: dir, ...secrets },
    stdio: ['ignore', log, log],
    // Ctrl-C in a terminal is for the supervisor, which then stops its components in order.
    detached: true,
  })
  closeSync(log)
  const ended = new Promise<string>((done) => {
    child.once('exit', (code, signal) => done(signal ?? `exit code ${code}`))
    child.once('error', (error) => done(error.message))
  })
  const stop = async () => {
    child.kill(isStateless ? 'SIGKILL' : 'SIGINT')
    const insist = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    await ended
    clearTimeout(insist)
  }
  try {
    const outcome = await untilHealthy(healthy, ended)
    if (outcome !== 'healthy') throw new ComponentStartError(name, outcome, logFile, lastWords(logFile))
  } catch (error) {
    await stop()
    throw error
  }
  return { pid: child.pid ?? 0, ended, stop }
}

async function untilHealthy(healthy: () => Promise<boolean>, ended: Promise<string>): Promise<string> {
  let how: string | undefined
  ended.then((exit) => {
    how = exit
  })
  const deadline = Date.now() + START_TIMEOUT_MS
  while (Date.now() < deadline) {
    const isHealthy = await healthy()
    if (how !== undefined) return how
    if (isHealthy) return 'healthy'
    await sleep(HEALTH_INTERVAL_MS)
  }
  return `no answer within ${START_TIMEOUT_MS / 1_000} s`
}

export function lastWords(logFile: string): string {
  if (!existsSync(logFile)) return ''
  const size = statSync(logFile).size
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES))
  const file = openSync(logFile, 'r')
  readSync(file, tail, 0, tail.length, size - tail.length)
  closeSync(file)
  return tail.toString().trim()
}

/** Ends the components that a killed supervisor left behind in this folder, and waits until they are gone. */
export async function stopComponentOrphans(dir: string): Promise<number[]> {
  const folder = `${resolve(dir)}/`
  const alive = () =>
    commandLines()
      .filter(({ words }) => words[0]?.startsWith(folder) === true)
      .map(({ pid }) => pid)
  const orphans = alive()
  for (const pid of orphans) killIfThere(pid)
  const deadline = Date.now() + GRACE_MS
  while (alive().length > 0 && Date.now() < deadline) await sleep(20)
  return orphans
}

/** A port that nobody uses now. 0 stands for any. */
export async function freePort(purpose: string, wanted = 0): Promise<number> {
  const probe = createServer()
  return new Promise((done, fail) => {
    probe.once('error', () => fail(new PortTakenError(purpose, wanted)))
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : wanted))
    })
  })
}
