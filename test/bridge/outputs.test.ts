import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Hash, zeroHash } from 'viem'
import { isDeletable, judgeOutput, type Verdict } from '../../bridge/outputs.ts'

const root = fc
  .bigInt({ min: 1n, max: 2n ** 256n - 1n })
  .map((value): Hash => `0x${value.toString(16).padStart(64, '0')}`)
const seconds = fc.bigInt({ min: 1n, max: 10_000_000n })

/** An output of any age, seen by a replica that knows its block or not. */
const judgement = fc
  .record({
    root,
    other: root,
    timestamp: seconds,
    age: fc.bigInt({ min: 0n, max: 20_000_000n }),
    period: seconds,
  })
  .filter(({ root: proposed, other }) => proposed !== other)

describe('judgeOutput', () => {
  const judge = (
    given: { root: Hash; timestamp: bigint; age: bigint; period: bigint },
    ownRoot?: Hash,
  ): Verdict =>
    judgeOutput({
      output: { root: given.root, timestamp: given.timestamp },
      ownRoot,
      l1Time: given.timestamp + given.age,
      finalizationPeriodSeconds: given.period,
    })

  it('calls right what the replica has as well, whatever its age, and nothing else', () => {
    fc.assert(
      fc.property(judgement, (given) => {
        assert.equal(judge(given, given.root), 'right')
        assert.notEqual(judge(given, given.other), 'right')
        assert.notEqual(judge(given), 'right')
      }),
    )
  })

  it('calls wrong what differs as long as it can be deleted, and lost from then on', () => {
    fc.assert(
      fc.property(judgement, (given) => {
        assert.equal(judge(given, given.other), given.age < given.period ? 'wrong' : 'lost')
      }),
    )
  })

  it('waits for a block that is not derived until half of the period has passed', () => {
    fc.assert(
      fc.property(judgement, (given) => {
        const verdict = judge(given)
        if (given.age * 2n < given.period) assert.equal(verdict, 'pending')
        else assert.equal(verdict, given.age < given.period ? 'underivable' : 'lost')
      }),
    )
  })

  it('goes one way only as time passes', () => {
    const order: Verdict[] = ['pending', 'underivable', 'wrong', 'lost']
    fc.assert(
      fc.property(judgement, fc.bigInt({ min: 0n, max: 10_000_000n }), (given, later) => {
        for (const own of [undefined, given.other]) {
          const after = judge({ ...given, age: given.age + later }, own)
          assert.ok(order.indexOf(after) >= order.indexOf(judge(given, own)))
        }
      }),
    )
  })

  it('never takes a zero root, not even from a replica that says the same', () => {
    fc.assert(
      fc.property(judgement, (given) => {
        const zero = { ...given, root: zeroHash }
        const verdicts = [judge(zero, zeroHash), judge(zero, given.other), judge(zero)]
        assert.deepEqual(new Set(verdicts), new Set([given.age < given.period ? 'wrong' : 'lost']))
      }),
    )
  })

  it('agrees with the oracle about the last block that deletes', () => {
    const output = { timestamp: 1_000n }
    const at = (l1Time: bigint) => isDeletable(output, { l1Time, finalizationPeriodSeconds: 49n })
    assert.deepEqual([at(1_048n), at(1_049n)], [true, false])
  })
})
