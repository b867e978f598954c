import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Hold, heldAfter, isHeld, quarantineTries } from '../../../services/sequencer/hold.ts'

describe('hold', () => {
  it('lets a message be tried six times early on, and then once in three hundred blocks, however it behaves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4_000 }),
        fc.bigInt({ min: 0n, max: 10n ** 9n }),
        (blocks, from) => {
          let hold: Hold | undefined
          let tries = 0
          for (let block = from; block < from + BigInt(blocks); block++) {
            if (isHeld(hold, block)) continue
            tries += 1
            hold = heldAfter(tries, block, 'it fails')
          }
          assert.ok(tries <= quarantineTries + 1 + blocks / 300, `${tries} tries in ${blocks} blocks`)
          assert.equal(hold?.quarantined, tries >= quarantineTries)
        },
      ),
    )
  })

  it('is tried again in the next block where nothing counted as a try', () => {
    const hold = heldAfter(0, 7n, 'no node answered')
    assert.ok(isHeld(hold, 7n))
    assert.ok(!isHeld(hold, 8n))
    assert.ok(!isHeld(undefined, 0n))
  })
})
