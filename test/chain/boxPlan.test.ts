import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Box, type BoxTerms, MAX_STRIKE, mirrorOf, topTicksOf, VALUE_SCALE } from '../../chain/box.ts'
import {
  DrawingEndsError,
  DrawingNegativeError,
  DrawingOrderError,
  DrawingOwesError,
  NotFullError,
} from '../../chain/boxErrors.ts'
import { holdingsCash, holdingsEscrow, holdingsOf, type Point, planDrawing } from '../../chain/boxPlan.ts'
import { BaseError, NotLongError, QuantityError } from '../../chain/errors.ts'

const terms: BoxTerms = { firstEpoch: 0, tick: 10n ** 9n, caps: [58_000n, 6_000n] }
const whole: Box = { side: 'long', mask: 3, index: 1, start: 0, end: 30, lo: 0n, hi: MAX_STRIKE }
const top = topTicksOf(whole, terms)

/** Any line over [0, T] that nobody can owe: raised by what it falls in all, so that it can be held. */
const drawings = fc
  .record({
    ats: fc.uniqueArray(fc.bigInt({ min: 1n, max: top - 1n }), { maxLength: 6 }),
    values: fc.array(fc.bigInt({ min: 0n, max: 3n * top }), { minLength: 8, maxLength: 8 }),
    rises: fc.boolean(),
  })
  .map(({ ats, values, rises }) => {
    const sorted = [0n, ...ats.sort((a, b) => (a < b ? -1 : 1)), top]
    const heights = values.slice(0, sorted.length)
    if (rises) heights.sort((a, b) => (a < b ? -1 : 1))
    const points = sorted.map((at, i) => ({ at, value: heights[i] ?? 0n }))
    return raised(points)
  })

function fallsOf(points: readonly Point[]): bigint {
  return points.reduce((sum, { value }, i) => {
    const before = points[i - 1]?.value ?? value
    return before > value ? sum + before - value : sum
  }, 0n)
}

function raised(points: readonly Point[]): Point[] {
  const missing = fallsOf(points) - (points[0]?.value ?? 0n)
  return missing > 0n ? points.map(({ at, value }) => ({ at, value: value + missing })) : [...points]
}

/** The drawing itself, in ticks as a fraction, at an index value: the definition that the plan has to meet. */
function drawnAt(points: readonly Point[], earned: bigint): { over: bigint; under: bigint } {
  for (const [i, to] of points.entries()) {
    const from = points[i - 1]
    if (from === undefined || earned > to.at * terms.tick) continue
    const run = (to.at - from.at) * terms.tick
    return { over: from.value * run + (to.value - from.value) * (earned - from.at * terms.tick), under: run }
  }
  assert.fail('outside of the drawing')
}

const refusal = (points: readonly Point[], box = whole): unknown => {
  try {
    planDrawing(box, terms, points)
  } catch (error) {
    assert.ok(error instanceof BaseError)
    return error
  }
  assert.fail('it was not refused')
}

describe('boxPlan', () => {
  it('pays what was drawn, at every point and between, less by the stated rounding and never more', () => {
    fc.assert(
      fc.property(
        drawings,
        fc.bigInt({ min: 1n, max: 10n ** 26n }),
        fc.bigInt({ min: 0n, max: top * terms.tick }),
        (points, quantity, somewhere) => {
          const plan = planDrawing(whole, terms, points)
          const holdings = holdingsOf(plan, terms, quantity)
          const kinks = points.flatMap(({ at }) => [
            at * terms.tick - 1n,
            at * terms.tick,
            at * terms.tick + 1n,
          ])
          for (const earned of [...kinks, somewhere]) {
            if (earned < 0n || earned > top * terms.tick) continue
            const { over, under } = drawnAt(points, earned)
            const scaled = { over: over * quantity * terms.tick, under: under * VALUE_SCALE }
            const paid = holdingsCash(holdings, terms, earned)
            assert.ok(paid * scaled.under <= scaled.over, 'more than was drawn')
            const legs = BigInt(plan.legs.length)
            const lost = legs + 1n + (legs * top * terms.tick) / VALUE_SCALE + 1n
            assert.ok((paid + lost) * scaled.under >= scaled.over, 'less than was stated')
          }
        },
      ),
    )
  })

  it('takes longs only for what rises from nothing, each slice once, and no cash', () => {
    fc.assert(
      fc.property(drawings, (points) => {
        const [first] = points
        if (fallsOf(points) > 0n || first === undefined) return
        const { legs, cashTicks } = planDrawing(whole, terms, points)
        assert.equal(cashTicks, first.value)
        assert.ok(legs.every(({ box }) => box.side === 'long'))
        for (const [i, { box }] of legs.entries()) {
          const next = legs[i + 1]
          if (next !== undefined) assert.ok(box.hi <= next.box.lo)
        }
      }),
    )
  })

  it('takes from cash, for all legs and their other sides, at least what they can pay together', () => {
    fc.assert(
      fc.property(drawings, fc.bigInt({ min: 1n, max: 10n ** 20n }), (points, quantity) => {
        const holdings = holdingsOf(planDrawing(whole, terms, points), terms, quantity)
        for (const earned of [0n, top * terms.tick])
          assert.ok(holdingsCash(holdings, terms, earned) <= holdingsEscrow(holdings, terms))
      }),
    )
  })

  it('draws the whole, a floor and a put by their own boxes', () => {
    const identity = [
      { at: 0n, value: 0n },
      { at: 7n, value: 7n },
      { at: top, value: top },
    ]
    // One slope is one slice, wherever points were set on it.
    assert.deepEqual(planDrawing(whole, terms, identity), {
      legs: [{ box: whole, weight: { over: top, under: top } }],
      cashTicks: 0n,
    })
    const strike = top / 3n
    const put = [
      { at: 0n, value: strike },
      { at: strike, value: 0n },
      { at: top, value: 0n },
    ]
    const [leg, ...others] = planDrawing(whole, terms, put).legs
    assert.deepEqual(leg?.box, mirrorOf({ ...whole, hi: strike }, terms))
    assert.deepEqual([leg?.box.side, leg?.box.lo, others.length], ['short', top - strike, 0])
    const flat = [
      { at: 0n, value: 5n },
      { at: top, value: 5n },
    ]
    assert.deepEqual(planDrawing(whole, terms, flat), { legs: [], cashTicks: 5n })
  })

  it('rounds the quantity of each leg down, and leaves out what comes to none', () => {
    const half = [
      { at: 0n, value: 0n },
      { at: top, value: top / 2n },
    ]
    const plan = planDrawing(whole, terms, half)
    assert.deepEqual(holdingsOf(plan, terms, 3n).positions, [{ box: whole, quantity: 1n }])
    assert.deepEqual(holdingsOf(plan, terms, 1n).positions, [])
  })

  it('refuses what only a debt can pay, and says by how much to raise it', () => {
    const half = top / 2n
    const tent = [
      { at: 0n, value: 0n },
      { at: half, value: half },
      { at: top, value: 0n },
    ]
    const error = refusal(tent)
    assert.ok(error instanceof DrawingOwesError)
    assert.deepEqual([error.start, error.falls], [0n, half])
    assert.equal(planDrawing(whole, terms, raised(tent)).cashTicks, 0n)
    const almost = raised(tent).map(({ at, value }) => ({ at, value: value - 1n }))
    assert.ok(refusal(almost) instanceof DrawingOwesError)
  })

  it('refuses a drawing that does not span the top, goes back, steps, or is below 0', () => {
    const from = { at: 0n, value: 0n }
    const to = { at: top, value: 1n }
    assert.ok(refusal([]) instanceof DrawingEndsError)
    assert.ok(refusal([from, { at: top - 1n, value: 1n }]) instanceof DrawingEndsError)
    assert.ok(refusal([{ at: 1n, value: 0n }, to]) instanceof DrawingEndsError)
    assert.ok(refusal([from, { at: 9n, value: 0n }, { at: 8n, value: 0n }, to]) instanceof DrawingOrderError)
    assert.ok(refusal([from, { at: 9n, value: 0n }, { at: 9n, value: 5n }, to]) instanceof DrawingOrderError)
    assert.ok(refusal([from, { at: 9n, value: -1n }, to]) instanceof DrawingNegativeError)
    assert.ok(refusal([from, to], mirrorOf(whole, terms)) instanceof NotLongError)
    assert.ok(refusal([from, to], { ...whole, lo: 1n }) instanceof NotFullError)
    assert.throws(() => holdingsOf({ legs: [], cashTicks: 1n }, terms, 0n), QuantityError)
    const steep = planDrawing(whole, terms, [
      from,
      { at: 1n, value: 2n ** 60n },
      { at: top, value: 2n ** 60n },
    ])
    assert.throws(() => holdingsOf(steep, terms, 2n ** 100n), QuantityError)
  })
})
