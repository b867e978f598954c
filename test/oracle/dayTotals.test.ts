import assert from 'node:assert/strict'
import fc from 'fast-check'
import { zeroHash } from 'viem'
import type { Block } from '../../oracle/block.ts'
import {
  buried,
  cappedFee,
  completeDays,
  type DayTotals,
  dayTotals,
  feeCapOf,
  lowerMedian,
} from '../../oracle/dayTotals.ts'
import {
  BlockSequenceError,
  DayStartUnknownError,
  MedianTimeBackwardsError,
  NoBlocksError,
} from '../../oracle/errors.ts'

function block(height: number, day: number, fees = 10n): Block {
  const medianTime = day * 86_400 + 7
  return { height, hash: zeroHash, time: medianTime, medianTime, subsidy: 50n, fees, target: 2n ** 240n }
}

/** Blocks from height 1 on, one for each day named. */
const chain = (...days: number[]) => days.map((day, index) => block(index + 1, day))

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

const fees = fc.array(fc.bigInt(0n, 10n ** 12n), { minLength: 1, maxLength: 50 })

describe('dayTotals', () => {
  it('takes a median that at least half reach and at least half do not pass, the lower of two', () => {
    fc.assert(
      fc.property(fees, (values) => {
        const median = lowerMedian(values)
        assert.ok(values.includes(median))
        assert.ok(values.filter((value) => value <= median).length >= values.length / 2)
        assert.ok(values.filter((value) => value < median).length <= (values.length - 1) / 2)
      }),
    )
    assert.equal(lowerMedian([4n, 1n, 3n, 2n]), 2n)
    assert.throws(() => lowerMedian([]), NoBlocksError)
  })

  it('caps each block, takes nothing from a block below the cap and follows either median', () => {
    fc.assert(
      fc.property(fees, fc.bigInt(0n, 10n ** 12n), (values, previous) => {
        const totals = dayTotals(
          5,
          values.map((fee, index) => block(index, 5, fee)),
          previous,
        )
        const own = lowerMedian(values)
        assert.equal(totals.feeCap, feeCapOf(own, previous))
        assert.ok(totals.cappedFees <= totals.fees)
        if (totals.feeCap === 0n) assert.equal(totals.cappedFees, totals.fees)
        else assert.ok(totals.cappedFees <= totals.feeCap * BigInt(values.length))
        // Half of the blocks are at or below the own median, so they count whole.
        const kept = values.filter((fee) => fee <= own).reduce((sum, fee) => sum + fee, 0n)
        assert.ok(totals.cappedFees >= kept)
      }),
    )
    assert.deepEqual([feeCapOf(0n, 0n), feeCapOf(2n, 5n), feeCapOf(5n, 2n)], [0n, 15n, 15n])
    assert.equal(cappedFee(7n, 0n), 7n)
  })

  it('closes a day only when a block of a later day is there', async () => {
    const days = await collect(completeDays(chain(1, 2, 2, 3, 3, 3), { firstDay: 2 }))
    assert.deepEqual(
      days.map(({ day, blocks }) => [day, blocks]),
      [[2, 2]],
    )
  })

  it('carries the closed day before it over days without blocks, whole', async () => {
    const days = await collect(completeDays(chain(1, 2, 2, 5, 6), { firstDay: 2 }))
    assert.deepEqual(
      days.map(({ day, blocks, lastHeight }) => [day, blocks, lastHeight]),
      [
        [2, 2, 3],
        [3, 0, 3],
        [4, 0, 3],
        [5, 1, 4],
      ],
    )
    const [second, third] = days
    assert.deepEqual(third, { ...second, day: 3, blocks: 0, firstHeight: 3 })
  })

  it('resumes after any day with the same result as in one go', async () => {
    const dayChoice = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 3, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(dayChoice, fc.nat(), async (steps, pick) => {
        let day = 1
        const blocks = [0, ...steps].map((step, index) => {
          day += index === 1 ? Math.max(step, 1) : step
          return block(index + 1, day, BigInt((index * 7919) % 101))
        })
        const firstDay = blocks[1]?.medianTime === undefined ? 2 : Math.floor(blocks[1].medianTime / 86_400)
        const whole = await collect(completeDays(blocks, { firstDay }))
        if (whole.length === 0) return
        const after = whole[pick % whole.length] as DayTotals
        const rest = blocks.filter(({ height }) => height > after.lastHeight)
        const resumed = await collect(completeDays(rest, { firstDay, after }))
        assert.deepEqual(resumed, whole.slice(whole.indexOf(after) + 1))
      }),
    )
  })

  it('holds back blocks until enough lie on top of them', async () => {
    const heights = (await collect(buried(chain(1, 1, 2, 2, 3), 2))).map(({ height }) => height)
    assert.deepEqual(heights, [1, 2, 3])
    assert.equal((await collect(buried(chain(1, 2), 0))).length, 2)
  })

  it('refuses a gap, a repetition, a median time that goes back, and a day whose beginning is not seen', async () => {
    const run = (blocks: Block[], after?: DayTotals) => collect(completeDays(blocks, { firstDay: 2, after }))
    await assert.rejects(run([block(1, 1), block(3, 2)]), BlockSequenceError)
    await assert.rejects(run([block(1, 1), block(1, 1)]), BlockSequenceError)
    await assert.rejects(run([block(1, 1), block(2, 2), block(3, 1)]), MedianTimeBackwardsError)
    await assert.rejects(run([block(1, 2), block(2, 3)]), DayStartUnknownError)
    await assert.rejects(run(chain(1, 4)), NoBlocksError)

    const closed = dayTotals(2, [block(2, 2)])
    await assert.rejects(run([block(4, 3)], closed), BlockSequenceError)
    await assert.rejects(run([block(3, 2)], closed), MedianTimeBackwardsError)
  })
})
