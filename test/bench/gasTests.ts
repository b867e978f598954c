import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { GasTestError } from './errors.ts'

const root = join(import.meta.dirname, '..', '..')

/** One case of the gas tests: `gas | NAME | BUDGET : USED`. */
const line = /^\s*gas \| (?<name>[^|]+) \| (?<budget>\d+) : (?<used>\d+)/gm

export type GasCase = { name: string; budget: number; used: number }

export function casesIn(output: string): GasCase[] {
  return [...output.matchAll(line)].map(({ groups = {} }) => {
    const { name = '', budget, used } = groups
    return { name, budget: Number(budget), used: Number(used) }
  })
}

/** Runs the tests that hold the budgets in CI, of contracts whose names match, and reads what they measured. */
export async function runGasTests(contracts: string, tests = '.'): Promise<GasCase[]> {
  const words = ['test', '--match-contract', contracts, '--match-test', tests, '-vv']
  const forge = spawn(join(root, 'chain', 'bin', 'forge'), words, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output, [status]] = await Promise.all([text(forge.stdout), once(forge, 'close')])
  const cases = casesIn(output)
  // A missed budget fails its test; the figures are there all the same.
  if (cases.length === 0) throw new GasTestError(String(status), output.slice(-2_000))
  return cases
}
