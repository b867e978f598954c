import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  BlockSequenceError,
  NoBlocksError,
  NoTargetError,
  SourceColumnsError,
  SourceFieldError,
  SourceFileError,
} from '../../../oracle/errors.ts'
import { createReplaySource } from '../../../oracle/sources/replay.ts'
import { needData, recordedBlocks } from '../recorded.ts'

const blockColumns =
  'height,hash,time,mediantime,subsidy_sat,totalfee_sat,txs,total_weight,total_size,avgfeerate_sat_vb,medianfee_sat'
const retargetColumns =
  'height,hash,timestamp,date_utc,bits,target_hex,difficulty,period_seconds_prev,implied_hashrate_prev_hs,chainwork_hex,header_hex,source'
const hash = 'ab'.repeat(32)
const row = (height: number, fees = '7') => `${height},${hash},100,90,5000000000,${fees},1,0,0,0,0`
const retarget = `0,${hash},1,,0x1d00ffff,${'00'.repeat(4)}ffff${'00'.repeat(26)},1.0,,,,,genesis`

describe('replay source', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-replay-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  async function sourceOf(rows: string[], { columns = blockColumns, targets = [retarget] } = {}) {
    const blocksPath = join(folder, 'blocks.csv')
    const retargetsPath = join(folder, 'retargets.csv')
    await writeFile(blocksPath, [columns, ...rows, ''].join('\n'))
    await writeFile(retargetsPath, [retargetColumns, ...targets, ''].join('\n'))
    return createReplaySource({ blocksPath, retargetsPath })
  }

  async function read(source: Awaited<ReturnType<typeof sourceOf>>, after?: number) {
    const heights: number[] = []
    for await (const block of source.blocks(after)) heights.push(block.height)
    return heights
  }

  it('gives the blocks above a height, and the tip', async () => {
    const source = await sourceOf([row(3), row(4), row(5)])
    assert.deepEqual(await read(source), [3, 4, 5])
    assert.deepEqual(await read(source, 3), [4, 5])
    assert.deepEqual(await read(source, 5), [])
    assert.deepEqual(await source.tip(), { height: 5, hash: `0x${hash}` })
  })

  it('reads 20,000 recorded blocks and finds their last one', async function () {
    needData(this)
    assert.equal((await recordedBlocks('679999_699998').tip())?.height, 699_998)
  })

  it('treats an empty field as missing, never as zero', async () => {
    await assert.rejects(
      read(await sourceOf([row(3, '')])),
      (error) =>
        error instanceof SourceFieldError && error.column === 'totalfee_sat' && /missing/.test(error.message),
    )
  })

  for (const fees of ['-1', '1.5', '1e3', ' 7', '0x7', '07', 'NaN', '12345678901234567890']) {
    it(`refuses "${fees}" as an amount`, async () => {
      await assert.rejects(read(await sourceOf([row(3, fees)])), SourceFieldError)
    })
  }

  it('refuses gaps, cut rows, other columns, unknown epochs, empty and absent files', async () => {
    await assert.rejects(read(await sourceOf([row(3), row(5)])), BlockSequenceError)
    await assert.rejects(read(await sourceOf([row(3), row(3)])), BlockSequenceError)
    await assert.rejects(read(await sourceOf([row(3).slice(0, 90)])), SourceFieldError)
    await assert.rejects(read(await sourceOf([], { columns: 'height,hash' })), SourceColumnsError)
    await assert.rejects(read(await sourceOf([row(2_016)])), NoTargetError)
    await assert.rejects((await sourceOf([])).tip(), NoBlocksError)

    const absent = createReplaySource({
      blocksPath: join(folder, 'absent.csv'),
      retargetsPath: join(folder, 'retargets.csv'),
    })
    await assert.rejects(read(absent), SourceFileError)
    await writeFile(join(folder, 'blocks.csv'), '')
    const empty = createReplaySource({
      blocksPath: join(folder, 'blocks.csv'),
      retargetsPath: join(folder, 'retargets.csv'),
    })
    await assert.rejects(read(empty), SourceColumnsError)
  })
})
