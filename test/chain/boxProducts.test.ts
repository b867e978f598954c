import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Box, type BoxTerms, MAX_STRIKE, payoffOf, topTicksOf, VALUE_SCALE } from '../../chain/box.ts'
import { CutOutsideIntervalError, ProductStrikeError } from '../../chain/boxErrors.ts'
import { holdingsCash, holdingsOf, type Plan } from '../../chain/boxPlan.ts'
import {
  bond,
  calendarStrip,
  call,
  componentStrip,
  convertible,
  coveredCall,
  put,
  spread,
} from '../../chain/boxProducts.ts'

// The golden month of the design notes: strikes in satoshi, whose tick is 1e-9 of one.
const terms: BoxTerms = { firstEpoch: 0, tick: 10n ** 9n, caps: [58_000n * 10n ** 9n, 6_000n * 10n ** 9n] }
const whole: Box = { side: 'long', mask: 3, index: 1, start: 0, end: 30, lo: 0n, hi: MAX_STRIKE }
const top = topTicksOf(whole, terms)
const sats = (amount: bigint) => amount * 10n ** 9n
const ONE_UNIT = 10n ** 18n
const earnedSats = 1_678_660n * 10n ** 18n + 5n * 10n ** 17n

/** What one unit of a product pays when the index earned so much. */
const pays = (plan: Plan, earned: bigint) => holdingsCash(holdingsOf(plan, terms, ONE_UNIT), terms, earned)

const strikes = fc.bigInt({ min: 1n, max: top - 1n })
const ends = fc.bigInt({ min: 0n, max: top * terms.tick })

describe('boxProducts', () => {
  it('pays the figures of the golden month', () => {
    assert.equal(pays(bond(whole, terms, sats(1_575_000n)), earnedSats), 1_575_000n)
    assert.equal(pays(call(whole, terms, sats(1_575_000n)), earnedSats), 103_660n)
    assert.equal(pays(bond(whole, terms, sats(1_575_000n)), earnedSats / 2n), 839_330n)
    assert.equal(pays(call(whole, terms, sats(1_575_000n)), earnedSats / 2n), 0n)
    assert.equal(
      pays(spread(whole, terms, { lo: sats(1_500_000n), hi: sats(1_800_000n) }), earnedSats),
      178_660n,
    )
    assert.equal(pays(put(whole, terms, sats(1_700_000n)), earnedSats), 21_339n)
    const note = convertible(whole, terms, { face: sats(1_600_000n), ratio: { over: 95n, under: 100n } })
    const paid = [1_500_000n, 1_678_660n, 1_700_000n, 1_900_000n].map((sat) => pays(note, sat * 10n ** 18n))
    assert.deepEqual(paid, [1_500_000n, 1_600_000n, 1_615_000n, 1_805_000n])
  })

  it('pays min(X, K), max(X - K, 0) and max(K - X, 0)', () => {
    fc.assert(
      fc.property(strikes, ends, (strike, earned) => {
        const k = strike * terms.tick
        const cash = (value: bigint) => (value < 0n ? 0n : value) / 10n ** 18n
        assert.equal(pays(bond(whole, terms, strike), earned), cash(earned < k ? earned : k))
        assert.equal(pays(call(whole, terms, strike), earned), cash(earned - k))
        assert.equal(pays(put(whole, terms, strike), earned), cash(k - earned))
      }),
    )
  })

  it('pays max(min(X, F), ρX), within two base units and a tick', () => {
    fc.assert(
      fc.property(strikes, fc.bigInt({ min: 1n, max: 99n }), ends, (face, percent, earned) => {
        const ratio = { over: percent, under: 100n }
        const paid = pays(convertible(whole, terms, { face, ratio }), earned)
        const lower = earned < face * terms.tick ? earned : face * terms.tick
        const converted = (earned * percent) / 100n
        const best = ((lower > converted ? lower : converted) * ONE_UNIT) / VALUE_SCALE
        assert.ok(paid <= best + 1n && best <= paid + 2n, `${paid} of ${best}`)
      }),
    )
  })

  it('keeps and sells parts of one whole, and strips it without a rest', () => {
    fc.assert(
      fc.property(strikes, ends, (strike, earned) => {
        const { kept, sold } = coveredCall(whole, terms, strike)
        const parts = payoffOf(kept, terms, earned) + payoffOf(sold, terms, earned)
        assert.equal(parts, payoffOf(whole, terms, earned))
      }),
    )
    const [subsidy, fees] = componentStrip(whole, terms, 1)
    assert.deepEqual([subsidy.mask, fees.mask], [1, 2])
    const months = calendarStrip(whole, terms, [10, 25])
    assert.deepEqual(
      months.map(({ start, end }) => [start, end]),
      [
        [0, 10],
        [10, 25],
        [25, 30],
      ],
    )
    assert.throws(() => calendarStrip(whole, terms, [25, 10]), CutOutsideIntervalError)
  })

  it('refuses strikes at and beyond the ends, and ratios that are none', () => {
    for (const strike of [0n, top, -1n, top + 1n]) {
      for (const product of [bond, call, put])
        assert.throws(() => product(whole, terms, strike), ProductStrikeError)
    }
    assert.throws(() => spread(whole, terms, { lo: 5n, hi: 5n }), ProductStrikeError)
    for (const over of [0n, 100n, 101n]) {
      const ratio = { over, under: 100n }
      assert.throws(() => convertible(whole, terms, { face: 5n, ratio }), ProductStrikeError)
    }
    assert.equal(convertible(whole, terms, { face: top / 2n, ratio: { over: 1n, under: 2n } }).legs.length, 1)
    // Nothing above the face can be reached: the lower slice alone.
    assert.equal(convertible(whole, terms, { face: top - 1n, ratio: { over: 1n, under: 2n } }).legs.length, 1)
  })
})
