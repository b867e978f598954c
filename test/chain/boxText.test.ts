import assert from 'node:assert/strict'
import { type Box, MAX_STRIKE, mirrorOf } from '../../chain/box.ts'
import { describeBox, type IndexWords } from '../../chain/boxText.ts'
import { MaskOutsideError } from '../../chain/errors.ts'

const words: IndexWords = {
  firstEpoch: 18_000,
  tick: 10n ** 9n,
  caps: [58_000n * 10n ** 9n, 6_000n * 10n ** 9n],
  name: 'BTC-90',
  unit: '1 PH/s',
  token: { symbol: 'WBTC', decimals: 8 },
}
const whole: Box = { side: 'long', mask: 3, index: 1, start: 18_742, end: 18_749, lo: 0n, hi: MAX_STRIKE }
const slice: Box = { ...whole, lo: 200_000n * 10n ** 9n, hi: 300_000n * 10n ** 9n }

describe('boxText', () => {
  it('says what a long pays, of what, when and how much at most', () => {
    assert.equal(
      describeBox(whole, words),
      'LONG: what 1 PH/s earns in subsidy and fees from 2021-04-25 to 2021-05-01, both included. Paid in WBTC, at most 0.00448 WBTC for 1 PH/s, from index BTC-90#1.',
    )
    assert.equal(
      describeBox({ ...slice, mask: 2, lo: 0n, hi: 1n }, words),
      'LONG: what 1 PH/s earns in fees from 2021-04-25 to 2021-05-01, both included, up to 0.00000000000000001 WBTC. Paid in WBTC, at most 0.00000000000000001 WBTC for 1 PH/s, from index BTC-90#1.',
    )
    assert.equal(
      describeBox(slice, words),
      'LONG: what 1 PH/s earns in subsidy and fees from 2021-04-25 to 2021-05-01, both included, above 0.002 WBTC, up to 0.003 WBTC. Paid in WBTC, at most 0.001 WBTC for 1 PH/s, from index BTC-90#1.',
    )
  })

  it('says of a short below what it pays, in the strikes of its long', () => {
    assert.equal(
      describeBox(mirrorOf(whole, words), words),
      'SHORT: by how much what 1 PH/s earns in subsidy and fees from 2021-04-25 to 2021-05-01, both included stays below its cap of 0.00448 WBTC. Paid in WBTC, at most 0.00448 WBTC for 1 PH/s, from index BTC-90#1.',
    )
    assert.equal(
      describeBox(
        mirrorOf({ ...slice, end: 18_743, lo: 10_000n * 10n ** 9n, hi: 20_000n * 10n ** 9n }, words),
        words,
      ),
      'SHORT: by how much what 1 PH/s earns in subsidy and fees on 2021-04-25 stays below 0.0002 WBTC, counting no lower than 0.0001 WBTC. Paid in WBTC, at most 0.0001 WBTC for 1 PH/s, from index BTC-90#1.',
    )
  })

  it('describes nothing that cannot exist', () => {
    assert.throws(() => describeBox({ ...whole, mask: 4 }, words), MaskOutsideError)
  })
})
