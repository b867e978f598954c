import assert from 'node:assert/strict'
import { type Block, dayOf } from '../../../oracle/block.ts'
import type { ProofSource } from '../../../oracle/sources/blockSource.ts'
import { NoBlockAtHeightError } from '../../../oracle/sources/errors.ts'
import { fromDay } from '../../../oracle/sources/fromDay.ts'
import { collect } from './reading.ts'
import { createStubChain } from './stubChain.ts'

describe('fromDay', () => {
  const chain = createStubChain('from', 420)
  const days = chain.blocks.map(({ medianTime }) => dayOf(medianTime))
  let asked = 0
  const source: ProofSource = {
    kind: 'node',
    confirmations: 6,
    async *blocks(after = 0) {
      yield* chain.blocks.filter(({ height }) => height > after)
    },
    tip: async () => chain.tip(),
    async proofOf(height) {
      asked += 1
      return chain.at(height) ?? assert.fail(new NoBlockAtHeightError(height))
    },
  }
  const heights = (blocks: readonly Block[]) => blocks.map(({ height }) => height)

  it('begins with the last block before the day, wherever that is, and reads few others to find it', async () => {
    const [first = 0, last = 0] = [days[0], days.at(-1)]
    assert.ok(last - first >= 2, 'the chain holds several days')
    for (let day = first + 1; day <= last + 1; day++) {
      asked = 0
      const found = await collect(fromDay(source, day))
      const expected = chain.blocks.slice(days.findLastIndex((each) => each < day))
      assert.deepEqual(heights(found), heights(expected), `day ${day}`)
      assert.ok(asked < 25, `${asked} blocks read`)
    }
  })

  it('begins with the first block of a chain that begins in that day or later', async () => {
    for (const day of [days[0] ?? 0, 1]) {
      assert.deepEqual(heights(await collect(fromDay(source, day))), heights(chain.blocks))
    }
  })

  it('begins with the first block of a source that can not be asked for one', async () => {
    const { proofOf: _, ...recorded } = source
    assert.deepEqual(heights(await collect(fromDay(recorded, days.at(-1) ?? 0))), heights(chain.blocks))
  })
})
