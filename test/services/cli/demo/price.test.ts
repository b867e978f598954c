import assert from 'node:assert/strict'
import fc from 'fast-check'
import { getAddress } from 'viem'
import { pairOf, roundDownToDigits, sqrtFloor, sqrtPriceX96 } from '../../../../services/cli/demo/price.ts'

const low = getAddress(`0x${'11'.repeat(20)}`)
const high = getAddress(`0x${'ee'.repeat(20)}`)
const amount = fc.bigInt(1n, 10n ** 24n)

describe('demo price', () => {
  it('takes the integer root from below', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 300n), (value) => {
        const root = sqrtFloor(value)
        assert.ok(root * root <= value && value < (root + 1n) * (root + 1n))
      }),
    )
  })

  it('gives the pool a price that reproduces the quote within a millionth, whichever token comes first', () => {
    fc.assert(
      fc.property(amount, amount, fc.boolean(), (base, quote, swap) => {
        const pair = swap ? pairOf(high, low) : pairOf(low, high)
        assert.equal(pair.token0, low)
        const root = sqrtPriceX96(pair, base, quote)
        const [amount0, amount1] = pair.baseIsToken0 ? [base, quote] : [quote, base]
        // price = root² / 2^192 = amount1 / amount0, so root² · amount0 ≈ amount1 · 2^192.
        const left = root * root * amount0
        const right = amount1 << 192n
        assert.ok(left <= right && (right - left) * 1_000_000n <= right)
      }),
    )
  })

  it('keeps the leading digits of a quantity and never rounds up', () => {
    assert.equal(roundDownToDigits(123_456_789n, 3), 123_000_000n)
    assert.equal(roundDownToDigits(99n, 3), 99n)
    fc.assert(fc.property(amount, (value) => roundDownToDigits(value, 3) <= value))
  })
})
