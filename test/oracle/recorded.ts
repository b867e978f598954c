import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { createReplaySource } from '../../oracle/sources/replay.ts'

/** The folder of recorded chain facts; see HASHSAND_DATA. */
export const dataFolder =
  process.env.HASHSAND_DATA ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'data')

export const windows = ['0_14999', '499999_509998', '679999_699998'] as const

/** Skips the test, saying why, where the recorded data are not on this machine. */
export function needData(context: Mocha.Context): void {
  if (existsSync(join(dataFolder, 'btc_golden_daily_index.csv'))) return
  process.stdout.write(`    no recorded data in ${dataFolder}: set HASHSAND_DATA to run this\n`)
  context.skip()
}

export function recorded(name: string): Buffer {
  return readFileSync(join(dataFolder, name))
}

export function recordedBlocks(window: string): BlockSource {
  return createReplaySource({
    blocksPath: join(dataFolder, `btc_blockstats_${window}.csv`),
    retargetsPath: join(dataFolder, 'btc_retargets.csv'),
  })
}

export type GoldenRow = Record<string, string>

export async function goldenRows(rule: 'mtp' | 'header_time'): Promise<GoldenRow[]> {
  const found: GoldenRow[] = []
  let columns: string[] = []
  const lines = createInterface({ input: createReadStream(join(dataFolder, 'btc_golden_daily_index.csv')) })
  for await (const line of lines) {
    const fields = line.split(',')
    if (columns.length === 0) columns = fields
    else if (fields[0] === rule) {
      found.push(Object.fromEntries(fields.map((value, index) => [columns[index] ?? '', value])))
    }
  }
  return found
}
