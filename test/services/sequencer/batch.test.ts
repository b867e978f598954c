import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encodeFunctionData, type Hex, multicall3Abi, size, toHex } from 'viem'
import {
  batchCall,
  batchLimits,
  callsIn,
  type EstimatedCall,
  gasLimitOf,
  grouped,
} from '../../../services/sequencer/batch.ts'

const multicall = toHex(0xca11, { size: 20 })
const estimated: fc.Arbitrary<EstimatedCall> = fc.record({
  gas: fc.bigInt({ min: 1_000_000n, max: 16_000_000n }),
  used: fc.bigInt({ min: 21_000n, max: 1_000_000n }),
  call: fc.record({
    to: fc.bigInt({ min: 1n, max: 1n << 100n }).map((number) => toHex(number, { size: 20 })),
    data: fc.integer({ min: 0, max: 150_000 }).map((bytes): Hex => `0x${'ab'.repeat(bytes)}`),
    value: fc.constant(0n),
  }),
})

describe('batch', () => {
  it('keeps every call once and in order, and every batch within a transaction', () => {
    fc.assert(
      fc.property(fc.array(estimated, { maxLength: 12 }), (calls) => {
        const groups = grouped(calls)
        assert.deepEqual(groups.flat(), calls)
        for (const group of groups) {
          assert.ok(group.length > 0)
          // Whichever calls went before it, each has at its turn what it takes alone.
          let left = gasLimitOf(group)
          for (const { gas, used } of group) {
            assert.ok((left * 63n) / 64n >= gas)
            left -= used
          }
          if (group.length === 1) continue
          assert.ok(gasLimitOf(group) <= batchLimits.gas)
          // 4 bytes of selector and two words of the array stand before the calls.
          assert.ok(size(batchCall(multicall, group).data) <= batchLimits.bytes + 68)
        }
      }),
      { numRuns: 60 },
    )
  })

  it('begins another batch only where the next call has no room', () => {
    const call = { gas: 1_000_000n, used: 500_000n, call: { to: multicall, data: '0x' as const, value: 0n } }
    const sizes = (count: number) =>
      grouped(Array.from({ length: count }, () => call)).map(({ length }) => length)
    // 25 halves and a whole, a tenth and 100,000 are 14.95 M; with one more 15.5 M.
    assert.deepEqual(sizes(25), [25])
    assert.deepEqual(sizes(60), [25, 25, 10])
    assert.deepEqual(sizes(0), [])
  })

  it('reads the calls of a batch as they were put in', () => {
    fc.assert(
      fc.property(fc.array(estimated, { minLength: 1, maxLength: 4 }), (calls) => {
        const read = callsIn(batchCall(multicall, calls), multicall)
        assert.deepEqual(
          read.map(({ to, data }) => ({ to: to.toLowerCase(), data })),
          calls.map(({ call: { to, data } }) => ({ to, data })),
        )
      }),
      { numRuns: 30 },
    )
    const other = encodeFunctionData({ abi: multicall3Abi, functionName: 'getCurrentBlockTimestamp' })
    assert.deepEqual(callsIn({ to: multicall, data: other }, multicall), [])
    assert.deepEqual(callsIn({ to: multicall, data: '0x12' }, undefined), [{ to: multicall, data: '0x12' }])
  })
})
