import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../../artifacts.ts'
import { EngineStartError, NodeExitedError } from '../errors.ts'

const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 5_000
/** How much of a node's last words goes into an error. */
const TAIL_CHARACTERS = 2_000

export type AnvilParameters = {
  name: string
  /** 0 lets the system choose. */
  port: number
  chainId: number
  /** For what anvil keeps on disk while it runs; emptied here. It also marks the process as ours. */
  cacheDir: string
  /**
   * Unix time of block 0; now if absent. anvil makes a block 0 of its own at every start and, after a load, keeps it beside the loaded
   * one, in its dumps too; which of them answers for number 0 is then chance. With the same time they are the same.
   */
  genesisTime?: number
  /** An uncompressed dump to start from. */
  loadState?: string
  args?: readonly string[]
}

export type AnvilNode = {
  readonly rpcUrl: string
  readonly pid: number
  /** Resolves when the process ends without `stop`. */
  readonly exited: Promise<NodeExitedError>
  stop(): Promise<void>
}

/** Starts anvil from npm, without a shell, and waits until it listens. Blocks are mined on demand only. */
export async function startAnvil(parameters: AnvilParameters): Promise<AnvilNode> {
  const { name, port, chainId, cacheDir, genesisTime, loadState, args = [] } = parameters
  await rm(cacheDir, { recursive: true, force: true })
  const child = spawn(
    anvilBinary(),
    [
      ...['--port', `${port}`, '--chain-id', `${chainId}`, '--cache-path', cacheDir, '--accounts', '0'],
      ...(genesisTime === undefined ? [] : ['--timestamp', `${genesisTime}`]),
      ...['--no-mining', '--prune-history', '256', '--no-request-size-limit'],
      ...(loadState === undefined ? [] : ['--load-state', loadState]),
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let tail = ''
  const note = (chunk: unknown) => {
    tail = (tail + String(chunk)).slice(-TAIL_CHARACTERS)
  }
  child.stderr.on('data', note)
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
    child.once('error', (error) => resolve(error.message))
  })
  const listening = new Promise<URL>((resolve) => {
    child.stdout.on('data', (chunk) => {
      note(chunk)
      const address = /Listening on (\S+:\d+)/.exec(tail)?.[1]
      if (address !== undefined) resolve(new URL(`http://${address}`))
    })
  })
  const timer = new AbortController()
  const timeout = sleep(START_TIMEOUT_MS, 'no answer', { signal: timer.signal }).catch(() => 'stopped')
  const outcome = await Promise.race([listening, ended, timeout])
  timer.abort()
  if (typeof outcome === 'string') {
    child.kill('SIGKILL')
    throw new EngineStartError(name, port, outcome, tail.trim())
  }

  let stopping = false
  return {
    rpcUrl: outcome.origin,
    pid: child.pid ?? 0,
    exited: ended.then((how) => {
      if (stopping) return new Promise<never>(() => {})
      return new NodeExitedError(name, how, tail.trim())
    }),
    stop: async () => {
      stopping = true
      // Nothing is lost by force: what counts is in the dumps, and anvil itself writes none.
      child.kill('SIGKILL')
      await ended
    },
  }
}

function anvilBinary(): string {
  const os = { linux: 'linux', darwin: 'darwin' }[process.platform as string]
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  const path = join(root, `node_modules/@foundry-rs/anvil-${os}-${arch}/bin/anvil`)
  if (os === undefined || arch === undefined || !existsSync(path)) {
    throw new EngineStartError(
      'anvil',
      0,
      `${path} is missing`,
      'Run npm ci on Linux or macOS, x64 or arm64.',
    )
  }
  return path
}

/**
 * Ends the anvils that a killed supervisor left behind in this folder. They are known by their command line, which
 * carries the folder, so nobody else's anvil is touched and no pid file can be stale.
 */
export async function stopOrphans(dir: string): Promise<number[]> {
  const folder = resolve(dir)
  const orphans = anvilsOf(folder)
  for (const pid of orphans) killIfThere(pid)
  const deadline = Date.now() + STOP_TIMEOUT_MS
  while (anvilsOf(folder).length > 0 && Date.now() < deadline) await sleep(20)
  return orphans
}

export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

function anvilsOf(dir: string): number[] {
  return commandLines()
    .filter(({ words }) => /(^|\/)anvil$/.test(words[0] ?? ''))
    .filter(({ words }) => words[words.indexOf('--cache-path') + 1]?.startsWith(`${dir}/`) === true)
    .map(({ pid }) => pid)
}

export function commandLines(): { pid: number; words: string[] }[] {
  if (!existsSync('/proc/self/cmdline')) {
    return execFileSync('ps', ['-axww', '-o', 'pid=,command='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map(([pid, ...words]) => ({ pid: Number(pid), words }))
  }
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => ({ pid: Number(entry), words: cmdline(`/proc/${entry}/cmdline`).split('\0') }))
}

function cmdline(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process ended between the listing and the look.
    return ''
  }
}
