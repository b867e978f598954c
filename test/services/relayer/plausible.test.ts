import assert from 'node:assert/strict'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { completeDays } from '../../../oracle/dayTotals.ts'
import { isPlausible } from '../../../services/relayer/plausible.ts'
import { needData, recordedBlocks } from '../../oracle/recorded.ts'

const day = (subsidy: bigint, work: bigint): DayTotals => ({
  ...{ day: 1, blocks: 1, firstHeight: 1, lastHeight: 1, lastHash: `0x${'0'.repeat(64)}` },
  ...{ work, subsidy, fees: 0n, medianFee: 0n, feeCap: 0n, cappedFees: 0n },
})

describe('relayer plausibility', () => {
  it('lets a retarget and a halving on one day pass, and no mistaken unit', () => {
    const before = day(900n, 1_000n)
    assert.ok(isPlausible(day(900n, 1_000n), undefined))
    // Work four times, subsidy half: an eighth. Work a quarter: four times.
    assert.ok(isPlausible(day(450n, 4_000n), before))
    assert.ok(isPlausible(day(900n, 250n), before))
    assert.ok(isPlausible(day(90n, 1_000n), before))
    assert.ok(isPlausible(day(4_500n, 1_000n), before))
    assert.equal(isPlausible(day(89n, 1_000n), before), false)
    assert.equal(isPlausible(day(4_501n, 1_000n), before), false)
    assert.equal(isPlausible(day(0n, 1_000n), before), false)
    assert.equal(isPlausible(day(900_000n, 1_000n), before), false)
  })

  it('withholds nothing on 142 real days, with the fall of the hashrate in 2021 among them', async function () {
    needData(this)
    let before: DayTotals | undefined
    let count = 0
    for await (const totals of completeDays(recordedBlocks('679999_699998').blocks(), { firstDay: 18_739 })) {
      assert.ok(isPlausible(totals, before), `day ${totals.day}`)
      before = totals
      count += 1
    }
    assert.equal(count, 142)
  })
})
