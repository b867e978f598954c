import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import type { DeployConfig, Deployment } from '../../../../chain/deploy/config.ts'
import { commandLines } from '../../../../chain/engine/anvil/node.ts'
import type { EngineEvent } from '../../../../chain/engine/engine.ts'
import { buildOpStack, type OpStackBuild } from '../../../../chain/opstack/build.ts'
import { GoMissingError, GoTooOldError } from '../../../../chain/opstack/errors.ts'
import { config as anvilConfig } from '../../fixture.ts'

/** A first build takes minutes; afterwards it is there. */
export const BUILD_TIMEOUT_MS = 25 * 60_000

export const cacheDir = process.env.HASHSAND_CACHE ?? join(homedir(), '.cache', 'hashsand')

/** The programs of the engine, or undefined, with a word why, on a machine that cannot build them. */
export async function buildOrSkip(context: Mocha.Context): Promise<OpStackBuild> {
  try {
    return await buildOpStack({ cacheDir, environment: process.env })
  } catch (error) {
    if (!(error instanceof GoMissingError || error instanceof GoTooOldError)) throw error
    process.stdout.write(`    skipped: ${error.message}\n`)
    return context.skip()
  }
}

const key = generatePrivateKey
export const keys = { deployer: key(), batcher: key(), proposer: key() }
export const deployer = privateKeyToAccount(keys.deployer)
const [batcher, proposer] = [keys.batcher, keys.proposer].map((value) => privateKeyToAccount(value).address)
if (batcher === undefined || proposer === undefined) throw new Error('unreachable')

/** The development profile of this engine. */
export const config: DeployConfig = {
  ...anvilConfig,
  l1: { chainId: 900, blockTimeSeconds: 2 },
  l2: { chainId: 901, blockTimeSeconds: 2 },
  bridge: {
    submissionIntervalBlocks: 10,
    finalizationPeriodSeconds: 49,
    sequencingWindowBlocks: 12,
    scheduleHeadStartSeconds: 0,
  },
  roles: { ...anvilConfig.roles, batcher, proposer },
  predeployProxies: 'full',
  testL1: { funded: [batcher, proposer] },
}

export type Up = { l1RpcUrl: string; l2RpcUrl: string; nodeRpcUrl: string; deployment: Deployment }

export type EngineProcess = {
  pid: number
  up: Up
  events: EngineEvent[]
  /** `kill -9` of the supervisor alone: its components are orphans then. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** `ageSeconds`: how long ago the chain began, as far as its L1 goes; a first start then has that much to catch up. */
export async function startEngineProcess(
  dir: string,
  build: OpStackBuild,
  ageSeconds = 0,
): Promise<EngineProcess> {
  const file = `${dir}.json`
  const json = (_: string, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)
  const genesisTime = Math.floor(Date.now() / 1_000) - ageSeconds
  writeFileSync(file, JSON.stringify({ config, keys, build, genesisTime }, json), { mode: 0o600 })
  const script = join(import.meta.dirname, 'engineProcess.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, dir, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk)
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const events: EngineEvent[] = []
  const up = await new Promise<Up>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const said = JSON.parse(line)
      if (said.up !== undefined) resolve(said.up)
      if (said.event !== undefined) events.push(said.event)
    })
    ended.then(() => reject(new Error(`the engine ended: ${stderr}`)))
  })
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await ended
  }
  return { pid: child.pid ?? 0, up, events, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

/** Processes of the engine in `dir`, by component. */
export function pidsOf(dir: string, component: string): number[] {
  return commandLines()
    .filter(({ words }) =>
      component === 'L1'
        ? /(^|\/)anvil$/.test(words[0] ?? '') && words.some((word) => word.startsWith(`${dir}/`))
        : words[0] === join(dir, component),
    )
    .map(({ pid }) => pid)
}
