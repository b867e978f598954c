import assert from 'node:assert/strict'
import fc from 'fast-check'
import { coveringBlock, depositWaits, type WithdrawalTiming, withdrawalWaits } from '../../bridge/waits.ts'

// Against a model of two chains with everybody at work: blocks come by the clock, a transaction may miss one, a service takes up to ten seconds.

const serviceSeconds = 10
const upTo = (max: number) => fc.integer({ min: 0, max })
const phase = fc.double({ min: 0, max: 0.999, noNaN: true })
const seconds = fc.integer({ min: 1, max: 15 })

/** The first block of a chain with a block at every `every`, `missed` ones passed over, that is younger than `after`. */
function blockAfter(
  after: number,
  { every, from, missed }: { every: number; from: number; missed: number },
): number {
  let time = from
  while (time <= after) time += every
  return time + missed * every
}

const chances = fc.record({
  now: phase,
  l2Phase: phase,
  delays: fc.array(fc.double({ min: 0, max: serviceSeconds, noNaN: true }), { minLength: 3, maxLength: 3 }),
  missed: fc.array(upTo(1), { minLength: 4, maxLength: 4 }),
})
type Chances = typeof chances extends fc.Arbitrary<infer Value> ? Value : never

const chain = fc
  .record({
    l1BlockSeconds: seconds,
    l2BlockSeconds: seconds,
    interval: fc.integer({ min: 1, max: 200 }),
    next: upTo(300),
    head: fc.integer({ min: 1, max: 400 }),
    ahead: upTo(100_000),
    safeLagSeconds: upTo(60),
    period: fc.integer({ min: 1, max: 700_000 }),
  })
  .map(({ interval, next, head, ahead, period, ...times }): WithdrawalTiming => {
    const l1Time = 1_800_000_000n
    const l2BlockTime = BigInt(times.l2BlockSeconds)
    return {
      ...times,
      l1Time,
      l2Head: BigInt(head),
      nextOutputBlock: BigInt(next),
      submissionInterval: BigInt(interval),
      startingBlock: 0n,
      // By the schedule the head is due now, or was before.
      startingTime: l1Time - BigInt(head) * l2BlockTime - BigInt(ahead),
      l2BlockTime,
      finalizationPeriodSeconds: period,
      begins: { leastSeconds: 0, expectedSeconds: 0 },
    }
  })

/** When each step is over in the model, in seconds after L1's newest block. */
function play(facts: WithdrawalTiming, { now: part, l2Phase, delays, missed }: Chances) {
  const { l1BlockSeconds: l1Every, l2BlockSeconds: l2Every } = facts
  const now = part * l1Every
  const headTime = now - l2Phase * l2Every
  const l1 = (after: number, place: number) =>
    blockAfter(after + (delays[place - 1] ?? 0), { every: l1Every, from: 0, missed: missed[place] ?? 0 })
  const initiated = blockAfter(now, { every: l2Every, from: headTime, missed: missed[0] ?? 0 })
  const block = Number(facts.l2Head) + Math.round((initiated - headTime) / l2Every)
  let output = Number(facts.nextOutputBlock)
  while (output < block) output += Number(facts.submissionInterval)
  const exists = headTime + (output - Number(facts.l2Head)) * l2Every + facts.safeLagSeconds
  const due = Number(facts.startingTime + BigInt(output) * facts.l2BlockTime - facts.l1Time)
  const covered = l1(Math.max(exists, due, initiated), 1)
  const proven = l1(covered, 2)
  const finalised = l1(proven + facts.finalizationPeriodSeconds, 3)
  return { initiated, covered, proven, finalised }
}

describe('waits', () => {
  it('tells of a withdrawal no step too late and none too early, whenever blocks come', () => {
    fc.assert(
      fc.property(chain, chances, (facts, luck) => {
        const waits = withdrawalWaits(facts)
        const happened = play(facts, luck)
        for (const step of ['initiated', 'covered', 'proven', 'finalised'] as const) {
          const { leastSeconds, expectedSeconds } = waits[step]
          const at = happened[step]
          assert.ok(at >= leastSeconds, `${step} after ${at} s, at least ${leastSeconds} were told`)
          assert.ok(at <= expectedSeconds, `${step} after ${at} s, ${expectedSeconds} were told`)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('does not frighten: what it tells is an interval, some blocks and the services too much at most', () => {
    fc.assert(
      fc.property(chain, chances, (facts, luck) => {
        const { finalised } = withdrawalWaits(facts)
        const interval = Number(facts.submissionInterval) * facts.l2BlockSeconds
        const blocks = 8 * facts.l1BlockSeconds + 5 * facts.l2BlockSeconds
        const much = finalised.expectedSeconds - play(facts, luck).finalised
        assert.ok(much <= interval + blocks + 3 * serviceSeconds, `${much} s too much`)
      }),
    )
  })

  it('tells of a deposit when L2 has it, however far L2 is behind', () => {
    fc.assert(
      fc.property(chain, chances, upTo(120), ({ l1BlockSeconds, l2BlockSeconds }, luck, lag) => {
        const { sent, arrived } = depositWaits({ l1BlockSeconds, l2BlockSeconds, originLagSeconds: lag })
        const [first = 0, second = 0] = luck.missed
        const inL1 = blockAfter(luck.now * l1BlockSeconds, { every: l1BlockSeconds, from: 0, missed: first })
        const known = inL1 + lag + luck.now * l1BlockSeconds + (luck.delays[0] ?? 0)
        const onL2 = blockAfter(known, {
          every: l2BlockSeconds,
          from: known - luck.l2Phase * l2BlockSeconds,
          missed: second,
        })
        assert.ok(inL1 <= sent.expectedSeconds && onL2 <= arrived.expectedSeconds, `${inL1} ${onL2}`)
        assert.ok(sent.leastSeconds <= inL1 && arrived.leastSeconds <= onL2)
      }),
    )
  })

  it('finds the output that covers a block', () => {
    fc.assert(
      fc.property(upTo(500), fc.integer({ min: 1, max: 50 }), upTo(1_000), (next, interval, block) => {
        let expected = next
        while (expected < block) expected += interval
        const outputs = { nextOutputBlock: BigInt(next), submissionInterval: BigInt(interval) }
        assert.equal(coveringBlock(outputs, BigInt(block)), BigInt(expected))
      }),
    )
  })
})
