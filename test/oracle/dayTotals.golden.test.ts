import assert from 'node:assert/strict'
import { type Block, dayOf, dayToDate } from '../../oracle/block.ts'
import { completeDays, type DayTotals, dayTotals } from '../../oracle/dayTotals.ts'
import { rewardIndex } from '../../oracle/rewardIndex.ts'
import { type GoldenRow, goldenRows, needData, recordedBlocks, windows } from './recorded.ts'

// Every complete day of the recorded windows, every column, to the last digit.

const unitWork = 86_400n * 10n ** 15n

function asGolden(rule: string, totals: DayTotals): GoldenRow {
  const index = rewardIndex(totals, unitWork)
  return Object.fromEntries(
    Object.entries({
      rule,
      date: dayToDate(totals.day),
      day_id: totals.day,
      blocks: totals.blocks,
      height_min: totals.firstHeight,
      height_max: totals.lastHeight,
      subsidy_sat: totals.subsidy,
      fees_sat: totals.fees,
      work: totals.work,
      fee_lower_median_sat: totals.medianFee,
      fee_cap_sat: totals.feeCap,
      fees_capped_sat: totals.cappedFees,
      index_subsidy_e18: index.subsidy,
      index_fees_e18: index.fees,
      index_fees_capped_e18: index.cappedFees,
      index_sat_per_PHs_day_e8: (index.subsidy + index.fees) / 10n ** 10n,
      index_capped_sat_per_PHs_day_e8: (index.subsidy + index.cappedFees) / 10n ** 10n,
    }).map(([column, value]) => [column, String(value)]),
  )
}

describe('dayTotals on recorded history', () => {
  it('closes all 334 days by median time past as the golden file has them', async function () {
    needData(this)
    const golden = await goldenRows('mtp')
    const found: GoldenRow[] = []
    for (const [window, firstDay] of [
      [windows[0], 14_253],
      [windows[1], 17_519],
      [windows[2], 18_739],
    ] as const) {
      for await (const totals of completeDays(recordedBlocks(window).blocks(), { firstDay })) {
        found.push(asGolden('mtp', totals))
      }
    }

    assert.equal(found.length, 334)
    assert.deepEqual(found, golden)
  })

  it('computes all 334 days by header time from the same arithmetic', async function () {
    needData(this)
    const golden = await goldenRows('header_time')
    const wanted = new Set(golden.map((row) => Number(row.day_id)))
    const found: GoldenRow[] = []
    for (const window of windows) {
      const days = new Map<number, Block[]>()
      for await (const block of recordedBlocks(window).blocks()) {
        const day = dayOf(block.time)
        days.set(day, [...(days.get(day) ?? []), block])
      }
      let previous: DayTotals | undefined
      for (const [day, blocks] of [...days].sort(([a], [b]) => a - b)) {
        if (!wanted.has(day)) continue
        previous = dayTotals(day, blocks, previous?.medianFee)
        found.push(asGolden('header_time', previous))
      }
    }

    assert.equal(found.length, 334)
    assert.deepEqual(found, golden)
  })
})
