import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatUnits } from 'viem'
import { AmountError } from '../../../services/cli/errors.ts'
import { parseAmount } from '../../../services/cli/units.ts'

describe('amounts that people type', () => {
  it('are read exactly, at any number of decimals', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 30n), fc.integer({ min: 0, max: 18 }), (value, decimals) => {
        assert.equal(parseAmount(formatUnits(value, decimals), decimals, 'X'), value)
      }),
    )
  })

  it('are refused, not rounded, when the token has fewer decimals', () => {
    assert.throws(() => parseAmount('0.123456789', 8, 'WBTC'), /more than the 8 decimals of WBTC/)
    assert.equal(parseAmount('0.12345678', 8, 'WBTC'), 12_345_678n)
  })

  it('are refused when they are no positive decimal number', () => {
    for (const text of ['', '0', '0.0', '-1', '+1', '1e8', '1,5', '.5', '5.', ' 1', '0x10', 'all', '１']) {
      assert.throws(() => parseAmount(text, 8, 'WBTC'), AmountError, text)
    }
  })
})
