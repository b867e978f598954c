import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Hash, toHex } from 'viem'
import {
  createBucket,
  createBuckets,
  createNonces,
  maxNonces,
  windowSeconds,
} from '../../../../services/relayer/peers/limits.ts'

const nonceOf = (at: number): Hash => toHex(at, { size: 32 })

describe('relayer peer limits', () => {
  it('never lets more through than the burst and the rate allow, on any schedule', () => {
    const schedule = fc.array(fc.nat(3_000), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(schedule, (pausesMs) => {
        let time = 0
        const bucket = createBucket({ perSecond: 10, burst: 40, now: () => time })
        let passed = 0
        for (const pause of pausesMs) {
          time += pause
          if (bucket.take()) passed += 1
          assert.ok(passed <= 40 + (time / 1_000) * 10 + 1e-6)
        }
      }),
    )
  })

  it('keeps one who floods apart from the others, and its keys bounded', () => {
    const buckets = createBuckets({ perSecond: 1, burst: 2, keys: 10, now: () => 0 })
    for (let tries = 0; tries < 100; tries++) buckets.take('flood')
    assert.equal(buckets.take('flood'), false)
    assert.equal(buckets.take('honest'), true)
    for (let key = 0; key < 1_000; key++) buckets.take(`key ${key}`)
    assert.equal(buckets.take('honest'), true)
  })

  it('lets a request through once, and only near the chain’s own time', () => {
    const nonces = createNonces(1_000)
    const judge = (nonce: number, time: number, now: number) =>
      nonces.judge({ nonce: nonceOf(nonce), time }, now)
    assert.equal(judge(1, 1_000, 1_000), 'fresh')
    assert.equal(judge(1, 1_000, 1_000), 'repeated')
    assert.equal(judge(1, 1_001, 1_001), 'repeated')
    assert.equal(judge(2, 1_000, 1_000 + windowSeconds), 'fresh')
    assert.equal(judge(3, 1_000, 1_001 + windowSeconds), 'stale')
    assert.equal(judge(4, 1_001 + windowSeconds, 1_000), 'stale')
    // Said before this process began to listen: it can not know whether it heard it.
    assert.equal(judge(5, 999, 1_000), 'stale')
  })

  it('never lets one through twice, in whatever order and however late', () => {
    const requests = fc.array(fc.record({ nonce: fc.nat(30), time: fc.nat(600), step: fc.nat(40) }), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(requests, (list) => {
        const nonces = createNonces(0)
        const passed = new Set<string>()
        let now = 0
        for (const { nonce, time, step } of list) {
          now += step
          const verdict = nonces.judge({ nonce: nonceOf(nonce), time }, now)
          // The time is signed with the nonce: another time is another request.
          const name = `${nonce} ${time}`
          if (verdict === 'fresh') assert.ok(!passed.has(name), name)
          if (verdict === 'fresh') passed.add(name)
        }
      }),
    )
  })

  it('is full rather than forgetful, and has room again when the window has passed', () => {
    const nonces = createNonces(0)
    for (let at = 0; at < maxNonces; at++) nonces.judge({ nonce: nonceOf(at), time: 10 }, 10)
    assert.equal(nonces.judge({ nonce: nonceOf(maxNonces), time: 10 }, 10), 'full')
    const later = 11 + windowSeconds
    assert.equal(nonces.judge({ nonce: nonceOf(maxNonces), time: later }, later), 'fresh')
  })
})
