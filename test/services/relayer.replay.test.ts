import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { replayFiles, replayNetwork } from '../../oracle/developmentNetworks.ts'
import { dataFolder, goldenRows, needData } from '../oracle/recorded.ts'
import { relayerStage, type Stage } from './relayerFixture.ts'

// Recorded history has an end. The relayer catches up to it, says so, and stays.

const network = replayNetwork()

describe('relayer on a replay', function () {
  this.timeout(120_000)
  let folder = ''
  let stage: Stage

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-replay-'))
    stage = await relayerStage(folder, { network, daysOver: 200 })
  })
  afterEach(async () => {
    await stage.relayer.killAll()
    await stage.node.kill()
    await rm(folder, { recursive: true, force: true })
  })

  /** Starts the relayer on a folder of data and waits until it says that there is no more. */
  async function untilExhausted(data: string) {
    const { relayer } = stage
    const child = relayer.start({ HASHSAND_DATA: data })
    const started = performance.now()
    for (;;) {
      assert.equal(child.exitCode, null)
      const status = await relayer.json('/v1/status').catch(() => undefined)
      if (status?.exhausted === true) return { child, status, seconds: (performance.now() - started) / 1_000 }
      await sleep(200)
    }
  }

  it('attests 142 missed days in one go, each equal to the golden file on chain', async function () {
    needData(this)
    const golden = (await goldenRows('mtp')).filter((row) => Number(row.day_id) >= network.firstDay)
    const { status, seconds } = await untilExhausted(dataFolder)
    assert.equal(golden.length, 142)
    assert.equal(status.lastSourceDay, network.firstDay + 141)
    assert.equal(status.lastFinalDay, network.firstDay + 141)

    const { client, index, kernel } = stage
    const caps = (network.indices[0]?.caps ?? []).map((ticks) => ticks * network.tick)
    const sums = [0n, 0n]
    for (const row of golden) {
      const day = await client.readContract({
        ...index,
        functionName: 'dayOf',
        args: [1, Number(row.day_id)],
      })
      const expected = [row.index_subsidy_e18, row.index_fees_capped_e18, row.index_fees_e18]
      assert.deepEqual([day.subsidyIndex, day.cappedFeesIndex, day.feesIndex].map(String), expected)
      for (const [component, value] of [day.subsidyIndex, day.cappedFeesIndex].entries()) {
        const cap = caps[component] ?? 0n
        sums[component] = (sums[component] ?? 0n) + (value < cap ? value : cap)
      }
    }
    for (const component of [0, 1]) {
      const args = [1, component, network.firstDay + 142] as const
      const sum = await client.readContract({ ...kernel, functionName: 'prefixSum', args })
      assert.equal(sum, sums[component])
    }
    assert.ok(seconds < 60, `${seconds} s for 142 days`)
  })

  it('stays alive and useful at the end of a short history', async () => {
    const data = join(folder, 'data')
    await mkdir(data)
    await writeShortHistory(data, 6)
    const { child, status } = await untilExhausted(data)
    // The first day is cut off at its beginning, the last one at its end.
    assert.equal(status.lastAttestedDay, network.firstDay + 3)
    assert.ok(Number(status.lagDays) > 100)

    await sleep(1_000)
    assert.equal(child.exitCode, null)
    assert.equal((await stage.relayer.json('/readyz')).httpStatus, 200)
    const day = await stage.relayer.json(`/v1/days/${network.firstDay + 2}`)
    assert.equal(day.feesSats, '300')
    assert.equal((await stage.relayer.json(`/v1/days/${network.firstDay + 4}`)).httpStatus, 404)
    child.kill('SIGTERM')
    assert.equal((await once(child, 'exit'))[0], 0)
  })
})

/** Three blocks a day, the first day being the one before the network begins. */
async function writeShortHistory(folder: string, days: number): Promise<void> {
  const { blocksPath, retargetsPath } = replayFiles(folder)
  const hash = 'ab'.repeat(32)
  const rows = Array.from({ length: days * 3 }, (_, at) => {
    const time = (network.firstDay - 1 + Math.floor(at / 3)) * 86_400 + (at % 3) * 600
    return `${679_999 + at},${hash},${time},${time},625000000,100,1,0,0,0,0`
  })
  const blockColumns =
    'height,hash,time,mediantime,subsidy_sat,totalfee_sat,txs,total_weight,total_size,avgfeerate_sat_vb,medianfee_sat'
  await writeFile(blocksPath, [blockColumns, ...rows, ''].join('\n'))
  const retargetColumns =
    'height,hash,timestamp,date_utc,bits,target_hex,difficulty,period_seconds_prev,implied_hashrate_prev_hs,chainwork_hex,header_hex,source'
  const target = '0000000000000000000bef930000000000000000000000000000000000000000'
  await writeFile(
    retargetsPath,
    [retargetColumns, `679392,${hash},0,,0x170bef93,${target},,,,,,`, ''].join('\n'),
  )
}
