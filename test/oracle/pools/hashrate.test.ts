import assert from 'node:assert/strict'
import fc from 'fast-check'
import { hashrateDown, hashrateWithUnit } from '../../../oracle/pools/hashrate.ts'

const units = [
  ...[
    ['K', 3],
    ['M', 6],
    ['G', 9],
    ['T', 12],
    ['P', 15],
    ['E', 18],
    ['Z', 21],
  ],
] as const satisfies readonly (readonly [string, number])[]

describe('hashrate', () => {
  it('reads every unit in every spelling', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...units),
        fc.integer({ min: 1, max: 999 }),
        ([prefix, exponent], value) => {
          const expected = BigInt(value) * 10n ** BigInt(exponent)
          for (const unit of [prefix, `${prefix}H`, `${prefix}H/s`, `${prefix.toLowerCase()}h/s`]) {
            assert.equal(hashrateDown(String(value), unit), expected)
            assert.equal(hashrateWithUnit.safeParse(`${value}${unit}`).data, expected)
            assert.equal(hashrateWithUnit.safeParse(`${value} ${unit}`).data, expected)
          }
        },
      ),
    )
  })

  it('takes 2.5e20 for what it is and floors a fraction of a hash', () => {
    assert.equal(hashrateDown('2.5e20', ''), 250_000_000_000_000_000_000n)
    assert.equal(hashrateDown('29377.1755', 'Gh/s'), 29_377_175_500_000n)
    assert.equal(hashrateDown('323116.75259259256', 'H/s'), 323_116n)
  })

  it('refuses another unit, no unit, and more than any network has', () => {
    for (const unit of ['Sol/s', 'TH/m', 'Th/s/s', 'GG', 'B', 'T H'])
      assert.equal(hashrateDown('1', unit), undefined)
    for (const text of ['142', '1E5', 'T', '', '-1T', '1,5T', 'NaNT', '142TT', '142 T T']) {
      assert.equal(hashrateWithUnit.safeParse(text).success, false, text)
    }
    assert.equal(hashrateDown('1001', 'ZH/s'), undefined)
    assert.equal(hashrateDown('1000', 'ZH/s'), 10n ** 24n)
    assert.equal(hashrateWithUnit.safeParse('0').data, 0n)
  })
})
