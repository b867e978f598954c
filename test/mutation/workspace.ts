import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, relative } from 'node:path'
import type { Area } from './areas.ts'
import type { Code } from './compiler.ts'
import { RedBeforeError, TestsDidNotRunError } from './errors.ts'

// A copy of the project, whose tests create the contracts from the artifacts in `out/`: a mutant is tested by overwriting these,
// without compiling a single test.

export type Verdict = { killedBy: string } | { survived: true }

export type Workspace = {
  root: string
  /** Tests what stands in the artifacts now: first with the test that is expected to fail, where there is one. */
  test(mutant: string, expected: string | undefined, stages: number): Promise<Verdict>
  /** Puts creation code into the artifacts; what it does not name stays. */
  place(code: Code): void
}

type Stage = {
  name: string
  seconds: number
  options: readonly string[]
  environment: Readonly<Record<string, string>>
}

/** The quick ones first: nine of ten mutants fall there. */
const STAGES: readonly [Stage, Stage] = [
  {
    name: 'units',
    seconds: 90,
    options: ['--no-match-contract', 'Invariants|Campaign'],
    environment: { FOUNDRY_FUZZ_RUNS: '48' },
  },
  {
    name: 'invariants',
    seconds: 240,
    options: ['--match-contract', 'Invariants'],
    environment: { FOUNDRY_INVARIANT_RUNS: '6', FOUNDRY_INVARIANT_DEPTH: '50' },
  },
]
export const STAGE_COUNT = STAGES.length

const ENVIRONMENT = {
  FOUNDRY_PROFILE: 'default',
  FOUNDRY_DYNAMIC_TEST_LINKING: 'true',
  FOUNDRY_FUZZ_SEED: '0x1',
}

/** Copies the project to `root`, compiles it there and sees that the tests of so many stages are green. */
export async function createWorkspace(
  project: string,
  root: string,
  { elsewhere }: Area,
  stages: number,
): Promise<Workspace> {
  const tests = join(project, 'test/contracts')
  const filter = (path: string) => !elsewhere.test(relative(tests, path))
  for (const path of ['contracts', 'test', 'chain/bin', 'foundry.toml', 'package.json']) {
    cpSync(join(project, path), join(root, path), { recursive: true, filter })
  }
  symlinkSync(realpathSync(join(project, 'node_modules')), join(root, 'node_modules'))
  mkdirSync(join(root, 'answers'))
  cpSync(join(import.meta.dirname, 'solcWithMemory.mjs'), join(root, 'chain/bin/solc'))
  const workspace = openWorkspace(root)
  const built = await forge(root, ['build'], {}, 600)
  if (built.code !== 0) throw new RedBeforeError(built.output)
  for (const { options, environment } of STAGES.slice(0, stages)) {
    const { code, output } = await forge(root, testing(options), environment, 600)
    if (code !== 0) throw new RedBeforeError(output)
  }
  return workspace
}

/** Another copy, as far as the first one is. */
export function copyWorkspace(first: Workspace, root: string): Workspace {
  cpSync(first.root, root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  return openWorkspace(root)
}

export function openWorkspace(root: string): Workspace {
  return {
    root,
    async test(mutant, expected, stages) {
      const all = STAGES.slice(0, stages)
      const first = expected === undefined ? own(root, mutant) : likely(expected)
      for (const { name, options, environment, seconds } of [...first, ...all]) {
        const { code, output } = await forge(root, testing(options), environment, seconds)
        // Sequences that failed once would be tried first on the next mutant, and its verdict would depend on the order.
        for (const kept of ['fuzz', 'invariant'])
          rmSync(join(root, 'cache', kept), { recursive: true, force: true })
        if (code === undefined) return { killedBy: `the time limit of ${seconds} s in ${name}` }
        if (code !== 0) return { killedBy: killerOf(mutant, output) }
      }
      return { survived: true }
    },
    place(code) {
      for (const [file, named] of Object.entries(code)) {
        for (const [name, object] of Object.entries(named)) {
          const path = join(root, 'out', basename(file), `${name}.json`)
          const artifact = JSON.parse(readFileSync(path, 'utf8'))
          writeFileSync(
            path,
            JSON.stringify({ ...artifact, bytecode: { ...artifact.bytecode, object: `0x${object}` } }),
          )
        }
      }
    },
  }
}

/** Nothing but the test that found the same error before, with the runs of its stage. */
function likely(expected: string): Stage[] {
  const [contract = '', test = ''] = expected.split('.')
  const stage = STAGES[contract.includes('Invariants') ? 1 : 0]
  const filter = test === 'setUp' ? [] : ['--match-test', `^${test}$`]
  return [{ ...stage, options: ['--match-contract', `^${contract}$`, ...filter] }]
}

/** The tests that are named after the mutant's file, where there are any: they find most of its errors, and take seconds. */
function own(root: string, mutant: string): Stage[] {
  const [file = ''] = mutant.split('.')
  const tests = readdirSync(join(root, 'test/contracts'), { recursive: true, encoding: 'utf8' })
  if (!tests.some((path) => basename(path).startsWith(file) && path.endsWith('.t.sol'))) return []
  const [units] = STAGES
  return [{ ...units, options: ['--match-contract', `^${file}`, ...units.options] }]
}

const testing = (options: readonly string[]) => {
  // Without the optimiser budgets of gas mean nothing.
  return ['test', '--fail-fast', '--threads', '1', '--no-match-test', 'withinBudget', ...options]
}

/** The test that failed first, as `Contract.test`. */
export function killerOf(mutant: string, output: string): string {
  const contract = /failing tests? in [^:]+:(\w+)/.exec(output)?.[1]
  // Between the word and the name of an invariant stand the calls that led there.
  const test = /\[FAIL[\s\S]*?\s((?:test|invariant|setUp)\w*)\(/.exec(output)?.[1]
  if (contract === undefined || test === undefined)
    throw new TestsDidNotRunError(mutant, output.slice(-2_000))
  return `${contract}.${test}`
}

/** The code is undefined where the time limit ended it. */
async function forge(
  root: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  seconds: number,
): Promise<{ code: number | undefined; output: string }> {
  const child = spawn(join(root, 'chain/bin/forge'), words, {
    cwd: root,
    env: { ...process.env, ...ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const words_: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => words_.push(chunk))
  }
  const limit = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000)
  const code = await new Promise<number | undefined>((resolve, reject) => {
    child.once('close', (exit) => resolve(exit ?? undefined))
    child.once('error', reject)
  })
  clearTimeout(limit)
  return { code, output: words_.join('') }
}
