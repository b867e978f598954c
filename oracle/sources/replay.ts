import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Hash } from 'viem'
import type { Block } from '../block.ts'
import {
  BlockSequenceError,
  NoBlocksError,
  NoTargetError,
  SourceColumnsError,
  SourceFieldError,
  SourceFileError,
} from '../errors.ts'
import { blocksPerRetarget } from '../target.ts'
import type { BlockSource } from './blockSource.ts'

const blockColumns =
  'height,hash,time,mediantime,subsidy_sat,totalfee_sat,txs,total_weight,total_size,avgfeerate_sat_vb,medianfee_sat'
const retargetColumns =
  'height,hash,timestamp,date_utc,bits,target_hex,difficulty,period_seconds_prev,implied_hashrate_prev_hs,chainwork_hex,header_hex,source'

export type ReplayParameters = {
  /** Rows of consecutive blocks: hash, times, subsidy, fees. */
  blocksPath: string
  /** The target of every difficulty epoch. */
  retargetsPath: string
}

/** Recorded history, read line by line. A row that is not exactly what its columns promise is an error, never a guess. */
export function createReplaySource({ blocksPath, retargetsPath }: ReplayParameters): BlockSource {
  let targets: Promise<Map<number, bigint>> | undefined

  async function* blocks(afterHeight = -1): AsyncGenerator<Block, void, undefined> {
    targets ??= readTargets(retargetsPath)
    const targetOf = await targets
    let expected: number | undefined
    for await (const row of rows(blocksPath, blockColumns)) {
      const height = row.integer('height')
      if (expected !== undefined && height !== expected) throw new BlockSequenceError(height, expected)
      expected = height + 1
      if (height <= afterHeight) continue
      const target = targetOf.get(Math.floor(height / blocksPerRetarget))
      if (target === undefined) throw new NoTargetError(height, retargetsPath)
      yield {
        height,
        hash: row.hash('hash'),
        time: row.integer('time'),
        medianTime: row.integer('mediantime'),
        subsidy: row.amount('subsidy_sat'),
        fees: row.amount('totalfee_sat'),
        target,
      }
    }
  }

  return {
    kind: 'replay',
    confirmations: 0,
    blocks,
    async tip() {
      let last: Block | undefined
      for await (const block of blocks()) last = block
      if (last === undefined) throw new NoBlocksError(`The replay of ${blocksPath}`)
      return { height: last.height, hash: last.hash }
    },
  }
}

async function readTargets(path: string): Promise<Map<number, bigint>> {
  const targets = new Map<number, bigint>()
  for await (const row of rows(path, retargetColumns)) {
    targets.set(row.integer('height') / blocksPerRetarget, BigInt(row.hash('target_hex')))
  }
  return targets
}

type Row = {
  integer(column: string): number
  amount(column: string): bigint
  /** 32 bytes as hex. */
  hash(column: string): Hash
}

async function* rows(path: string, columns: string): AsyncGenerator<Row, void, undefined> {
  const names = columns.split(',')
  let line = 0
  for await (const text of lines(path)) {
    line += 1
    if (line > 1) yield parseRow(text, { path, line, names })
    else if (text !== columns) throw new SourceColumnsError(path, text, columns)
  }
  if (line === 0) throw new SourceColumnsError(path, '', columns)
}

async function* lines(path: string): AsyncGenerator<string, void, undefined> {
  const stream = createReadStream(path)
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })
  } catch (cause) {
    throw new SourceFileError(path, cause)
  } finally {
    stream.destroy()
  }
}

type RowPosition = { path: string; line: number; names: readonly string[] }

function parseRow(text: string, { path, line, names }: RowPosition): Row {
  const fields = text.split(',')
  if (fields.length !== names.length) throw new SourceFieldError(path, line, 'the row', text.slice(0, 80))
  const field = (column: string, pattern: RegExp): string => {
    const value = fields[names.indexOf(column)] ?? ''
    if (!pattern.test(value)) throw new SourceFieldError(path, line, column, value)
    return value
  }
  return {
    // Fifteen digits are exact in a double.
    integer: (column) => Number(field(column, /^(0|[1-9]\d{0,14})$/)),
    amount: (column) => BigInt(field(column, /^(0|[1-9]\d{0,18})$/)),
    hash: (column) => `0x${field(column, /^[0-9a-f]{64}$/)}`,
  }
}
