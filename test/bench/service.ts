import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../../services/sequencer/status.ts'
import type { BridgeChains } from './bridgeChains.ts'
import { StageError } from './errors.ts'

export type LogEvent = { time: string; msg: string; [field: string]: unknown }

/** Megabytes. */
export type Memory = {
  resident: number
  /** Without the parts of files that the system shows it as memory, as LevelDB reads its tables; where the system tells (Linux). */
  own: number | undefined
}

/** The sequencer service as a process, and what can be seen of it from outside. */
export type Service = {
  events: LogEvent[]
  status(): Promise<Status>
  memory(): Memory
  /** Open files and sockets, where the system tells (Linux). */
  handles(): number | undefined
  /** Waits; throws StageError when it takes too long, or the process ends. */
  until(condition: () => Promise<boolean> | boolean, what: string, seconds: number): Promise<void>
  stop(): Promise<void>
}

/** To look closer: HASHSAND_BENCH_NODE='--cpu-prof --cpu-prof-dir=…'. */
const nodeArguments = (process.env.HASHSAND_BENCH_NODE ?? '').split(' ').filter((word) => word !== '')

/** `heapMb`: the most that V8 may hold on to of what is older than a few collections; it ends the process rather than take more. */
export async function startService(
  { dir, manifest, manifestPath, keysPath }: BridgeChains,
  env: Record<string, string>,
  heapMb?: number,
): Promise<Service> {
  const limit = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`]
  const child = spawn(process.execPath, [...nodeArguments, ...limit, 'services/start.js', 'sequencer'], {
    cwd: join(import.meta.dirname, '..', '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      HASHSAND_MANIFEST: manifestPath,
      HASHSAND_KEYS: keysPath,
      HASHSAND_STATE_DIR: join(dir, 'sequencer'),
      HASHSAND_PORT: new URL(manifest.services.sequencer ?? '').port,
      ...env,
    },
  })
  const events: LogEvent[] = []
  // Safe: the service writes one JSON object a line.
  createInterface({ input: child.stdout }).on('line', (line) => events.push(JSON.parse(line) as LogEvent))
  const service: Service = {
    ...observed(child, manifest.services.sequencer ?? ''),
    events,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
  await service.until(() => events.some(({ msg }) => msg === 'sequencer.listening'), 'the start', 60)
  return service
}

/** What can be seen of any process of the service. */
export function observed(child: ChildProcess, url: string): Omit<Service, 'events' | 'stop'> {
  const pid = child.pid ?? 0
  return {
    status: async () => (await (await fetch(`${url}/v1/status`)).json()) as Status,
    memory: () => memoryOf(pid),
    handles: () => (process.platform === 'linux' ? readdirSync(`/proc/${pid}/fd`).length : undefined),
    until: async (condition, what, seconds) => {
      const end = Date.now() + seconds * 1_000
      while (!(await condition())) {
        if (child.exitCode !== null) throw new StageError(what, `the service ended with ${child.exitCode}`)
        if (Date.now() > end) throw new StageError(what, `it was not there after ${seconds} s`)
        await sleep(50)
      }
    },
  }
}

/** From the system's own file where there is one: `ps`, asked many times a second, would take from the machine what is measured. */
function memoryOf(pid: number): Memory {
  if (process.platform !== 'linux') {
    const resident = Number(execFileSync('ps', ['-o', 'rss=', '-p', `${pid}`], { encoding: 'utf8' }))
    return { resident: resident / 1_024, own: undefined }
  }
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const read = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1_024
  return { resident: read('VmRSS'), own: read('RssAnon') }
}

/** By how much a value grows with each unit of another: the slope of the straight line that fits best. */
export function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))]
  const over = points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0)
  const under = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
  return under === 0 ? 0 : over / under
}
