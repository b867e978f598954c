import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Hash } from 'viem'
import { createKnownLine } from '../../../oracle/sources/knownLine.ts'

type Step = { height: number; branch: number; previousBranch: number }

const hashOf = (height: number, branch: number): Hash =>
  `0x${branch.toString(16)}${height.toString(16).padStart(63, '0')}`

/** Blocks near each other on three branches, mostly of one and the same. */
const step: fc.Arbitrary<Step> = fc.record({
  height: fc.integer({ min: 10, max: 24 }),
  branch: fc.constantFrom(1, 1, 1, 1, 2, 3),
  previousBranch: fc.constantFrom(1, 1, 1, 1, 2, 3),
})

describe('known line', () => {
  it('holds nothing but blocks that follow each other up to the last one noted, at most the limit', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 8 }), (steps, limit) => {
        const line = createKnownLine(limit)
        const parents = new Map<Hash, Hash>()
        for (const { height, branch, previousBranch } of steps) {
          const hash = hashOf(height, branch)
          // A hash commits to what is before it: the first parent named stays.
          const previousHash = parents.get(hash) ?? hashOf(height - 1, previousBranch)
          parents.set(hash, previousHash)
          line.extend({ height, hash, previousHash })

          assert.equal(line.hashAt(height), hash)
          const top = line.top() ?? assert.fail()
          const known: number[] = []
          for (let at = 0; at < 40; at++) if (line.hashAt(at) !== undefined) known.push(at)
          assert.ok(known.length <= limit)
          assert.equal(known.at(-1), top.height)
          assert.equal(known.length, top.height - (known[0] ?? 0) + 1)
          for (const at of known.slice(1)) {
            assert.equal(parents.get(line.hashAt(at) ?? '0x'), line.hashAt(at - 1))
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps the last of a long line, and nothing once cleared', () => {
    const line = createKnownLine(5)
    assert.equal(line.top(), undefined)
    for (let height = 1; height <= 30; height++) {
      line.extend({ height, hash: hashOf(height, 1), previousHash: hashOf(height - 1, 1) })
    }
    assert.deepEqual(line.top(), { height: 30, hash: hashOf(30, 1) })
    assert.equal(line.hashAt(26), hashOf(26, 1))
    assert.equal(line.hashAt(25), undefined)
    // A block that is known takes nothing away.
    line.extend({ height: 28, hash: hashOf(28, 1), previousHash: hashOf(27, 1) })
    assert.equal(line.top()?.height, 30)
    line.clear()
    assert.equal(line.top(), undefined)
    assert.equal(line.hashAt(30), undefined)
  })
})
