import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CompactTargetError, TargetRangeError } from '../../oracle/errors.ts'
import { bitsToTarget, nextBits, targetToBits, workOf } from '../../oracle/target.ts'
import { needData, recorded } from './recorded.ts'

const mainnetLimit = bitsToTarget(0x1d00_ffff)

describe('target', () => {
  it('reads and writes every recorded difficulty epoch', function () {
    needData(this)
    const rows = recorded('btc_retargets.csv').toString('utf8').trim().split('\n').slice(1)
    assert.ok(rows.length > 400)
    for (const row of rows) {
      const [, , , , bits = '', target = ''] = row.split(',')
      if (bits !== '') {
        assert.equal(bitsToTarget(Number(bits)), BigInt(`0x${target}`))
        assert.equal(targetToBits(BigInt(`0x${target}`)), Number(bits))
      }
    }
  })

  it('computes the retargets that mainnet computed', function () {
    needData(this)
    const vectors: unknown = JSON.parse(recorded('btc_spv_testVectors_summa.json').toString('utf8'))
    const cases = retargetCases(vectors)
    assert.equal(cases.length, 9)
    for (const [first, last, next] of cases) {
      const bits = nextBits({
        bits: bitsOf(last.hex),
        firstTime: first.timestamp,
        lastTime: last.timestamp,
        limit: mainnetLimit,
      })
      assert.equal(bits, bitsOf(next.hex))
    }
  })

  it('changes by a factor of four at most, and never beyond the easiest target', () => {
    const bits = 0x1b04_04cb
    const at = (span: number, limit = mainnetLimit) =>
      bitsToTarget(nextBits({ bits, firstTime: 0, lastTime: span, limit }))
    assert.equal(at(0), bitsToTarget(targetToBits(bitsToTarget(bits) / 4n)))
    assert.equal(at(2 ** 31), bitsToTarget(targetToBits(bitsToTarget(bits) * 4n)))
    assert.equal(at(2 ** 31, bitsToTarget(bits)), bitsToTarget(bits))
  })

  it('rounds any target down to a compact one, which is its own compact form', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 256n - 1n), (target) => {
        const compact = bitsToTarget(targetToBits(target))
        assert.ok(compact <= target)
        // At least 15 bits of mantissa stay.
        assert.ok(target - compact <= target >> 15n)
        assert.equal(targetToBits(compact), targetToBits(target))
      }),
    )
  })

  it('counts work so that work * (target + 1) is as near below 2^256 as it can be', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 2n ** 256n - 1n), (target) => {
        const work = workOf(target)
        assert.ok(work * (target + 1n) <= 2n ** 256n)
        assert.ok((work + 1n) * (target + 1n) > 2n ** 256n)
      }),
    )
    assert.equal(workOf(mainnetLimit), 0x1_0001_0001n)
  })

  it('refuses what consensus refuses', () => {
    const negative = [0x0492_3456, 0x1d80_0001]
    const zero = [0, 0x0100_3456]
    const tooLarge = [0x2300_0001, 0xff12_3456]
    for (const bits of [...negative, ...zero, ...tooLarge, -1, 2 ** 32, 1.5]) {
      assert.throws(() => bitsToTarget(bits), CompactTargetError, `0x${bits.toString(16)}`)
    }
    assert.throws(() => workOf(0n), TargetRangeError)
    assert.throws(() => targetToBits(2n ** 256n), TargetRangeError)
  })
})

type VectorHeader = { hex: string; timestamp: number }
type RetargetCase = [first: VectorHeader, last: VectorHeader, next: VectorHeader]

function retargetCases(vectors: unknown): RetargetCase[] {
  assert.ok(typeof vectors === 'object' && vectors !== null && 'retargetAlgorithm' in vectors)
  const { retargetAlgorithm } = vectors
  assert.ok(Array.isArray(retargetAlgorithm))
  return retargetAlgorithm.map(({ input }: { input: RetargetCase }) => input)
}

function bitsOf(header: string): number {
  return Buffer.from(header.replace(/^0x/, ''), 'hex').readUInt32LE(72)
}
