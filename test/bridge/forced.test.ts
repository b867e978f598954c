import assert from 'node:assert/strict'
import fc from 'fast-check'
import { forcedTimes } from '../../bridge/forced.ts'

// The calls themselves, on both engines: network/leaving.test.ts.
describe('forcedTimes', () => {
  const seconds = { min: 1, max: 1_000_000 }
  const manifest = fc.record({
    l1: fc.record({ blockTimeSeconds: fc.integer({ min: 1, max: 60 }) }),
    l2: fc.record({ blockTimeSeconds: fc.integer({ min: 1, max: 60 }) }),
    bridge: fc.record({
      submissionIntervalBlocks: fc.integer({ min: 1, max: 10_000 }),
      finalizationPeriodSeconds: fc.integer(seconds),
      sequencingWindowBlocks: fc.integer({ min: 2, max: 10_000 }),
    }),
  })

  it('adds up for the numbers of a real chain', () => {
    const times = forcedTimes(
      {
        l1: { blockTimeSeconds: 12 },
        l2: { blockTimeSeconds: 2 },
        bridge: {
          submissionIntervalBlocks: 1_800,
          finalizationPeriodSeconds: 604_800,
          sequencingWindowBlocks: 3_600,
        },
      },
      { silenceSeconds: 86_400n },
    )
    // Half a day to be included, a day of silence, which is longer than window and interval, a week, three blocks.
    assert.deepEqual(times, {
      includedSeconds: 43_200,
      proposableSeconds: 86_400,
      finalisableSeconds: 86_400 + 604_800 + 36,
    })
  })

  it('never tells less than the contracts make one wait', () => {
    fc.assert(
      fc.property(manifest, fc.integer(seconds), fc.nat(), (given, silence, offset) => {
        const { l1, l2, bridge } = given
        const times = forcedTimes(given, { silenceSeconds: BigInt(silence) })
        const window = bridge.sequencingWindowBlocks * l1.blockTimeSeconds
        // The forced transaction is anywhere between two outputs, at time 0.
        const due = (offset % bridge.submissionIntervalBlocks) * l2.blockTimeSeconds
        const openFrom = Math.max(due + window, silence)
        assert.ok(times.includedSeconds >= window)
        assert.ok(times.proposableSeconds >= openFrom)
        assert.ok(times.finalisableSeconds > openFrom + bridge.finalizationPeriodSeconds)
        // And no more than an interval and the blocks too much.
        assert.ok(times.proposableSeconds - openFrom <= bridge.submissionIntervalBlocks * l2.blockTimeSeconds)
      }),
    )
  })
})
