import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bondStrikeTicks, percentDown } from '../../../../services/cli/demo/bond.ts'

const amount = fc.bigInt(1n, 10n ** 30n)

describe('demo bond', () => {
  it('pays 5 % more than par in a year, and 7/365 of that in a week', () => {
    const terms = { par: 73_000_000n, ratePercent: 5n, tick: 1n, topTicks: 10n ** 12n }
    assert.equal(bondStrikeTicks({ ...terms, days: 365 }), 76_650_000n)
    assert.equal(bondStrikeTicks({ ...terms, days: 7 }), 73_070_000n)
    assert.equal(bondStrikeTicks({ ...terms, days: 7, tick: 1_000n }), 73_070n)
  })

  it('rounds the strike down to the tick, by less than one', () => {
    fc.assert(
      fc.property(amount, fc.integer({ min: 1, max: 3_650 }), fc.bigInt(1n, 10n ** 9n), (par, days, tick) => {
        const strike = bondStrikeTicks({ par, days, ratePercent: 5n, tick, topTicks: 10n ** 40n })
        // K·tick ≤ par · (1 + 0.05 · days / 365) < (K + 1)·tick, but for a strike of at least one tick.
        const exact = par * (7_300n + BigInt(days))
        assert.ok(exact < (strike + 1n) * tick * 7_300n)
        assert.ok(strike * tick * 7_300n <= exact || strike === 1n)
      }),
    )
  })

  it('cuts inside the box however little or much is expected', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 30n), fc.bigInt(2n, 10n ** 19n), (par, topTicks) => {
        const strike = bondStrikeTicks({ par, days: 7, ratePercent: 5n, tick: 10n ** 9n, topTicks })
        assert.ok(strike > 0n && strike < topTicks)
      }),
    )
  })

  it('says a share with one decimal, rounded down', () => {
    assert.equal(percentDown(1_031_999n, 1_000_000n), '103.1 %')
    assert.equal(percentDown(5n, 1_000n), '0.5 %')
    assert.equal(percentDown(0n, 7n), '0.0 %')
  })
})
