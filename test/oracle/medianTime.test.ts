import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NoBlocksError } from '../../oracle/errors.ts'
import { medianTimePast } from '../../oracle/medianTime.ts'
import { needData, recordedBlocks, windows } from './recorded.ts'

describe('medianTimePast', () => {
  for (const window of windows) {
    it(`equals the RPC's mediantime on every block of ${window}`, async function () {
      needData(this)
      const times: number[] = []
      let compared = 0
      for await (const block of recordedBlocks(window).blocks()) {
        times.push(block.time)
        // The first ten blocks of a window cut out of the chain lack predecessors.
        if (times.length < 11 && block.height >= 11) continue
        assert.equal(medianTimePast(times), block.medianTime, `block ${block.height}`)
        compared += 1
      }
      assert.ok(compared > 9_000)
    })
  }

  it('never goes backwards on a chain that obeys the rule of consensus', () => {
    const offsets = fc.array(fc.integer({ min: 1, max: 7_200 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(offsets, (list) => {
        const times = [1_600_000_000]
        let last = medianTimePast(times)
        for (const offset of list) {
          // Consensus wants only more than the median of the eleven before.
          times.push(last + offset)
          const median = medianTimePast(times)
          assert.ok(median >= last)
          last = median
        }
      }),
    )
  })

  it('has no value without a block', () => {
    assert.throws(() => medianTimePast([]), NoBlocksError)
  })
})
