import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..', '..')

export type Command = {
  child: ChildProcess
  /** JSON objects from standard output, as they come. */
  lines: Record<string, unknown>[]
  stderr(): string
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
  /** Resolves with the first line that fits; rejects when the command ends before. */
  line(fits: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  /** `kill -9` of the command and of everything that it started. */
  killTree(): Promise<void>
}

/** Runs the hashsand command with `--json` in a process group of its own, as a person would in a terminal. */
export function hashsand(args: readonly string[], env: Record<string, string> = {}): Command {
  const child = spawn(process.execPath, ['services/start.js', 'cli', '--json', ...args], {
    cwd: root,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: Record<string, unknown>[] = []
  const listeners = new Set<() => void>()
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  createInterface(child.stdout).on('line', (text) => {
    lines.push(JSON.parse(text))
    for (const listener of listeners) listener()
  })
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return {
    child,
    lines,
    stderr: () => stderr,
    ended,
    line: (fits) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(fits)
          if (found === undefined) return
          listeners.delete(look)
          resolve(found)
        }
        listeners.add(look)
        look()
        ended.then((exit) => reject(new Error(`ended with ${exit}: ${stderr}`)))
      }),
    killTree: async () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      await ended
    },
  }
}

export type Sandbox = { state: string; basePort: number; args: readonly string[]; remove(): Promise<void> }

/** A state folder and ports of its own for one test. With `HASHSAND_KEEP=1` the folder stays, logs and all. */
export async function sandbox(): Promise<Sandbox> {
  const state = await mkdtemp(join(tmpdir(), 'hashsand-'))
  // Below 32768, where systems begin to give ports to outgoing connections.
  const basePort = 20_000 + Math.floor(Math.random() * 10_000)
  return {
    state,
    basePort,
    args: ['--state', state],
    remove: async () => {
      if (process.env.HASHSAND_KEEP === '1') process.stderr.write(`kept: ${state}\n`)
      else await rm(state, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export function up({ args, basePort }: Sandbox, ...options: readonly string[]): Command {
  return hashsand([...args, 'devnet', 'up', '--base-port', String(basePort), ...options])
}

/** Ctrl-C, and the wait until everything is down. */
export async function interrupt(command: Command): Promise<number | NodeJS.Signals> {
  command.child.kill('SIGINT')
  return command.ended
}

export type Refusal = { error: string; message: string }

/** Waits for the end and demands exactly one line on standard error. */
export async function refusal(command: Command): Promise<Refusal> {
  const exit = await command.ended
  assert.ok(typeof exit === 'number' && exit !== 0, `ended with ${exit}`)
  const [line, ...more] = command.stderr().trim().split('\n')
  assert.deepEqual(more, [], 'more than one line')
  return JSON.parse(line ?? '')
}
