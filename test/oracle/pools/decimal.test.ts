import assert from 'node:assert/strict'
import fc from 'fast-check'
import { floorDown, parseDecimal, satoshiDown } from '../../../oracle/pools/decimal.ts'

const digits = fc.stringMatching(/^[0-9]{1,15}$/)

describe('decimal', () => {
  it('reads digits, point and exponent exactly, however they are written', () => {
    fc.assert(
      fc.property(digits, digits, fc.integer({ min: -15, max: 15 }), (left, right, exponent) => {
        const whole = left.replace(/^0+(?=\d)/, '')
        // Shifted by hand: thirty places behind the point, the exponent moved.
        const expected = BigInt(`${whole}${right}`) * 10n ** BigInt(30 - right.length + exponent)
        const sign = exponent >= 0 ? ['', '+'] : ['']
        for (const plus of sign) {
          for (const e of ['e', 'E']) {
            assert.equal(parseDecimal(`${whole}.${right}${e}${plus}${exponent}`), expected)
          }
        }
        assert.equal(parseDecimal(whole), BigInt(whole) * 10n ** 30n)
      }),
    )
  })

  it('reads each double as JavaScript prints it, to the same double', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-8, max: 2.1e20, noNaN: true }), (value) => {
        const read = parseDecimal(String(value))
        assert.ok(read !== undefined)
        const text = String(read).padStart(31, '0')
        assert.equal(Number(`${text.slice(0, -30)}.${text.slice(-30)}`), value)
      }),
    )
  })

  it('floors once', () => {
    assert.equal(satoshiDown(parseDecimal('0.024133828053641662') ?? 0n), 2_413_382n)
    assert.equal(satoshiDown(parseDecimal('7.44e-05') ?? 0n), 7_440n)
    assert.equal(satoshiDown(parseDecimal('0.000000009999999999999') ?? 1n), 0n)
    assert.equal(floorDown(parseDecimal('2.5e20') ?? 0n), 250_000_000_000_000_000_000n)
    assert.equal(floorDown(parseDecimal('0.005') ?? 0n, 18), 5_000_000_000_000_000n)
  })

  it('knows no other text', () => {
    const texts = [
      '',
      ' 1',
      '1 ',
      '+1',
      '-1',
      '-0',
      '1.',
      '.5',
      '01',
      '1,000',
      '1_000',
      '0x1',
      '1e',
      '1e1000',
      'NaN',
    ]
    for (const text of [
      ...texts,
      'Infinity',
      'null',
      '1e99',
      '1e-31',
      `0.${'1'.repeat(31)}`,
      '9'.repeat(61),
    ]) {
      assert.equal(parseDecimal(text), undefined, text)
    }
  })
})
