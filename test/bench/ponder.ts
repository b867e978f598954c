import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getAbiItem } from 'viem'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { cacheFolder } from '../../services/cli/context.ts'
import { freePort } from '../bridge/anvilNode.ts'
import type { Stage } from './bench.ts'
import type { BridgeChains } from './bridgeChains.ts'
import { StageError } from './errors.ts'

/*
 * What somebody has who indexes the same deposits with ponder: its own project (ponderProject/), its own database (PGlite), the event's fields as they
 * stand in the log. It reads one chain; it executes, checks and pays out nothing.
 */

const project = join(import.meta.dirname, 'ponderProject')
const limitSeconds = 600

export async function benchPonder(chains: BridgeChains, stage: Stage): Promise<void> {
  const packages = await install(stage).catch((error: unknown) => {
    stage.say(`skipped ponder: it could not be installed (${error instanceof Error ? error.message : error})`)
    return undefined
  })
  if (packages === undefined) return
  const dir = await mkdtemp(join(tmpdir(), 'hashsand-ponder-'))
  await cp(project, dir, { recursive: true })
  await mkdir(join(dir, 'src', 'api'))
  await rename(join(dir, 'api.ts'), join(dir, 'src', 'api', 'index.ts'))
  await symlink(packages, join(dir, 'node_modules'))
  const port = await freePort()
  const began = performance.now()
  const child = start(chains, dir, port)
  try {
    await ready(child, port)
    const seconds = (performance.now() - began) / 1_000
    const rate = (await indexed(port)) / seconds
    stage.measured({
      case: 'ponder: deposits indexed, from its start',
      value: rate,
      unit: 'deposits/s',
      better: 'higher',
    })
  } finally {
    child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
}

/** Into a folder named by what is locked, once; 225 MB, a minute. */
async function install(stage: Stage): Promise<string> {
  const lock = await readFile(join(project, 'package-lock.json'))
  const name = `ponder-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`
  const folder = join(cacheFolder(), name)
  const packages = join(folder, 'node_modules')
  if (existsSync(packages)) return packages
  stage.say('installing ponder, for this bench alone: about a minute')
  const draft = `${folder}.partial`
  await rm(draft, { recursive: true, force: true })
  await cp(project, draft, { recursive: true })
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: draft,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await rename(draft, folder)
  return packages
}

function start({ manifest }: BridgeChains, dir: string, port: number): ChildProcess {
  const program = join(dir, 'node_modules', 'ponder', 'dist', 'esm', 'bin', 'ponder.js')
  return spawn(process.execPath, [program, 'start', '--schema', 'peer', '-p', String(port)], {
    cwd: dir,
    stdio: 'ignore',
    env: {
      ...process.env,
      L1_RPC: manifest.l1.rpcUrl,
      PORTAL: manifest.l1.contracts.OptimismPortal,
      DEPOSITED: JSON.stringify(getAbiItem({ abi: optimismPortalAbi, name: 'TransactionDeposited' })),
      PONDER_TELEMETRY_DISABLED: '1',
    },
  })
}

async function ready(child: ChildProcess, port: number): Promise<void> {
  const ended = once(child, 'exit').then(() => 'it ended')
  for (let waited = 0; waited < limitSeconds * 10; waited++) {
    const response = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined)
    if (response?.status === 200) return
    const over = await Promise.race([sleep(100), ended])
    if (over !== undefined) throw new StageError('ponder', over)
  }
  throw new StageError('ponder', `it was not level after ${limitSeconds} s`)
}

/** Events that its functions have been called for. */
async function indexed(port: number): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const [, count] = /^ponder_indexing_completed_events\{[^}]*\} (\d+)$/m.exec(metrics) ?? []
  if (count === undefined) throw new StageError('ponder', 'it does not say how many events it has indexed')
  return Number(count)
}
