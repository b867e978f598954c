import assert from 'node:assert/strict'
import fc from 'fast-check'
import { privateKeyToAddress } from 'viem/accounts'
import {
  type Clock,
  endOfDay,
  leaderOf,
  openRound,
  turnAt,
  turnSeconds,
} from '../../../services/relayer/turns.ts'

const clocks: fc.Arbitrary<Clock> = fc.record({
  firstEpoch: fc.integer({ min: 0, max: 30_000 }),
  start: fc.integer({ min: 0, max: 2 ** 32 }),
  epochSeconds: fc.integer({ min: 1, max: 200_000 }),
})
const days = fc.integer({ min: 0, max: 1_000 })
const signersOf = (count: number) =>
  Array.from({ length: count }, (_, at) =>
    privateKeyToAddress(`0x${(at + 1).toString(16).padStart(64, '0')}`),
  )

describe('relayer turns', () => {
  it('ends a day where the next one begins', () => {
    const mainnet = { firstEpoch: 0, start: 0, epochSeconds: 86_400 }
    // 2021-04-22 ends when 2021-04-23 begins.
    assert.equal(endOfDay(mainnet, 18_739), Date.UTC(2021, 3, 23) / 1_000)
    fc.assert(
      fc.property(clocks, days, (clock, offset) => {
        const end = endOfDay(clock, clock.firstEpoch + offset)
        const epochAt = (time: number) =>
          clock.firstEpoch + Math.floor((time - clock.start) / clock.epochSeconds)
        assert.equal(epochAt(end), clock.firstEpoch + offset + 1)
        assert.equal(epochAt(end - 1), clock.firstEpoch + offset)
      }),
    )
  })

  it('opens round r a quarter of an epoch after round r - 1, and none before the day is over', () => {
    fc.assert(
      fc.property(clocks, days, fc.integer({ min: -10, max: 1_000_000 }), (clock, offset, since) => {
        const day = clock.firstEpoch + offset
        const round = openRound(clock, day, endOfDay(clock, day) + since)
        const opens = (r: number) => ((r - 1) * clock.epochSeconds) / 4
        if (since < 0) assert.equal(round, 0)
        else assert.ok(round >= 1 && opens(round) <= since && opens(round + 1) > since)
      }),
    )
    const mainnet = { firstEpoch: 0, start: 0, epochSeconds: 86_400 }
    const hours = (count: number) => openRound(mainnet, 9, 864_000 + count * 3_600)
    assert.deepEqual([0, 5, 6, 12, 23, 24].map(hours), [1, 1, 2, 3, 4, 5])
  })

  it('gives every signer its turn, in whatever order, before anyone has a second one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 }), days, fc.nat(1_000), (count, day, attempt) => {
        const signers = signersOf(count)
        const leaders = signers.map((_, offset) => leaderOf(signers, day, attempt + offset))
        assert.equal(new Set(leaders).size, count)
      }),
    )
    assert.equal(leaderOf([], 1, 1), undefined)
  })

  it('counts attempts on through the rounds, and says when a turn is half over', () => {
    const mainnet = { firstEpoch: 0, start: 0, epochSeconds: 86_400 }
    assert.equal(turnSeconds(mainnet), 120)
    assert.equal(turnSeconds({ ...mainnet, epochSeconds: 6 }), 2)
    const at = (since: number) => turnAt(mainnet, 9, 864_000 + since)
    assert.deepEqual(at(-5), { attempt: 0, late: false })
    assert.deepEqual(at(59), { attempt: 0, late: false })
    assert.deepEqual(at(60), { attempt: 0, late: true })
    assert.deepEqual(at(120), { attempt: 1, late: false })
    assert.deepEqual(at(6 * 3_600), { attempt: 180, late: false })
  })
})
