import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { build, type Plugin } from 'esbuild'
import { WorkerEndedError } from './errors.ts'
import type { Report } from './worker.ts'

const root = join(import.meta.dirname, '../../../..')

/*
 * The simulation as one file, in several processes. As one file, because viem imports parts of itself when a call fails: a loader that is
 * asked then answers in real time, while virtual time goes on. And faster, because no function is named anew each time it is made.
 */

/** Seeds of which each process is given every n-th, in the order in which they end. Throws WorkerEndedError. */
export async function* simulateSeeds(
  { first, count }: { first: number; count: number },
  processes = availableParallelism(),
): AsyncGenerator<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'hashsand-simulator-'))
  const file = join(folder, 'simulator.mjs')
  const workers: ReturnType<typeof startWorker>[] = []
  try {
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await bundle(file)
    const shards = Math.min(processes, count)
    for (let shard = 0; shard < shards; shard++) {
      workers.push(startWorker(file, [first + shard, count - shard, shards]))
    }
    yield* together(workers.map(({ reports }) => reports))
  } finally {
    for (const { stop } of workers) stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function bundle(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    external: ['level', 'pino', 'esbuild'],
    plugins: [remembering],
    // Packages that were written for `require` ask it for parts of Node.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
    logLevel: 'error',
  })
}

/** Much of the time went into hashes and selectors of what had been asked for before: a function of its input alone may remember it. */
const remembering: Plugin = {
  name: 'remembering',
  setup: ({ onLoad }) => {
    onLoad(
      { filter: /viem\/_esm\/utils\/(hash|abi)\/(keccak256|toFunctionSelector|formatAbiItem)\.js$/ },
      ({ path }) => remembered(path),
    )
  },
}

async function remembered(path: string): Promise<{ contents: string }> {
  const name = basename(path, '.js')
  const plain = await readFile(path, 'utf8')
  // Each has one more argument, which changes what it answers.
  const contents = `${plain.replace(/export (function|const) \w+/, 'export $1 plain').replace('export ', '')}
    const texts = new Map()
    const items = new WeakMap()
    export function ${name}(value, options) {
      const known = typeof value === 'string' ? texts : items
      if (value instanceof Uint8Array || options !== undefined) return plain(value, options)
      const found = known.get(value)
      if (found !== undefined) return found
      const answer = plain(value)
      if (texts.size > 100_000) texts.clear()
      known.set(value, answer)
      return answer
    }`
  return { contents }
}

function startWorker(file: string, given: readonly number[]) {
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', '--max-semi-space-size=64', file, ...given.map(String)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'close')
  const reports = async function* (): AsyncGenerator<Report> {
    // Safe: a worker prints nothing else.
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Report
    const [code, signal] = await ended
    if (code !== 0) throw new WorkerEndedError(given[0] ?? 0, signal ?? code)
  }
  return { reports: reports(), stop: () => child.kill('SIGKILL') }
}

/** What several give, as it comes. */
async function* together<Item>(sources: readonly AsyncGenerator<Item>[]): AsyncGenerator<Item> {
  const next = (source: AsyncGenerator<Item>) => source.next().then((result) => ({ source, result }))
  const waiting = new Map(sources.map((source) => [source, next(source)]))
  while (waiting.size > 0) {
    const { source, result } = await Promise.race(waiting.values())
    if (result.done) {
      waiting.delete(source)
      continue
    }
    waiting.set(source, next(source))
    yield result.value
  }
}
