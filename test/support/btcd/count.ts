import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { regtest } from '../../../oracle/bitcoinChain.ts'
import { secondsPerDay } from '../../../oracle/block.ts'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { rewardIndex } from '../../../oracle/rewardIndex.ts'
import type { Btcd } from './btcd.ts'

/** Of one unit, which the script counts in hashes a second. */
const unitHashes = 1n
export const unitWork = unitHashes * BigInt(secondsPerDay)

/** A day in the words of the script: amounts as text. */
export type CountedDay = {
  day: number
  blocks: number
  index: { subsidy: string; fees: string; cappedFees: string }
}

/** The complete days from `firstDay` on, counted from the node's raw blocks by code that shares nothing with ours. */
export async function countedByPython(
  { url, credentials: { user, password } }: Btcd,
  firstDay: number,
  context: Mocha.Context,
): Promise<CountedDay[]> {
  if (spawnSync('python3', ['--version']).status !== 0) {
    process.stdout.write('    skipped: the independent count needs python3 on the PATH\n')
    return context.skip()
  }
  const script = join(import.meta.dirname, 'countBlocks.py')
  const numbers = [firstDay, regtest.halvingInterval, unitHashes].map(String)
  const { stdout } = await promisify(execFile)('python3', [script, url, user, password, ...numbers])
  return JSON.parse(stdout)
}

/** Our days in its words. */
export function asCounted(days: readonly DayTotals[]): CountedDay[] {
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value)
  return JSON.parse(
    JSON.stringify(
      days.map((totals) => ({ ...totals, index: rewardIndex(totals, unitWork) })),
      text,
    ),
  )
}
