import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from '../../oracle/block.ts'
import { BlockReplacedError, BlockSequenceError } from '../../oracle/errors.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { openDays } from '../../services/relayer/days.ts'
import { type DayStore, openDayStore } from '../../services/relayer/store.ts'

/** One block a day from height 1 and day 1 on, all of the branch `branch`. */
function sourceOf(
  days: number,
  { branch = 'a', kind = 'replay', confirmations = 0, skip = 0 } = {},
): BlockSource {
  const chain = Array.from({ length: days }, (_, at): Block => {
    const time = (at + 1) * 86_400
    const hash: Block['hash'] = `0x${branch}${at.toString(16).padStart(63, '0')}`
    return {
      ...{ height: at + 1, hash, time, medianTime: time },
      ...{ subsidy: 50n, fees: 1n, target: 2n ** 240n },
    }
  })
  return {
    // Safe: a test names one of the two.
    kind: kind as BlockSource['kind'],
    confirmations,
    async *blocks(after = 0) {
      yield* chain.filter(({ height }) => height > after && height !== skip)
    },
    tip: async () => undefined,
  }
}

describe('relayer days', () => {
  let folder = ''
  let store: DayStore
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-days-'))
    store = await openDayStore(folder, 'a network')
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  const daysOf = (source: BlockSource) => openDays({ source, store, firstDay: 2 })

  it('closes no day beyond the one asked for, and no more than the limit at a time', async () => {
    const days = daysOf(sourceOf(40))
    assert.equal(await days.closeUntil(1, 16), undefined)
    assert.equal(await days.closeUntil(4, 16), 4)
    assert.equal(await days.totals(5), undefined)
    assert.equal(await days.closeUntil(30, 16), 20)
    assert.equal(await days.closeUntil(30, 16), 30)
    assert.equal(days.ended(), false)
  })

  it('knows the end of recorded history, and that a live chain has none', async () => {
    const replay = daysOf(sourceOf(5))
    assert.equal(await replay.closeUntil(100, 16), 4)
    assert.equal(replay.ended(), true)
    assert.equal(await replay.closeUntil(100, 16), 4)

    const live = daysOf(sourceOf(5, { kind: 'simulator' }))
    await live.closeUntil(100, 16)
    assert.equal(live.ended(), false)
  })

  it('waits for six blocks on the closing block of a day where a source wants them', async () => {
    // Day 2 is closed by block 3; blocks 4 to 9 are the six on top of it.
    assert.equal(await daysOf(sourceOf(8, { confirmations: 6 })).closeUntil(2, 16), undefined)
    assert.equal(await daysOf(sourceOf(9, { confirmations: 6 })).closeUntil(9, 16), 2)
  })

  it('goes on after a restart from the last closed day, over the same chain only', async () => {
    assert.equal(await daysOf(sourceOf(10)).closeUntil(6, 16), 6)
    await assert.rejects(daysOf(sourceOf(10, { branch: 'b' })).closeUntil(8, 16), BlockReplacedError)
    await assert.rejects(daysOf(sourceOf(3)).closeUntil(8, 16), BlockReplacedError)
    await assert.rejects(daysOf(sourceOf(10, { skip: 8 })).closeUntil(9, 16), BlockSequenceError)
    assert.equal(await daysOf(sourceOf(10)).closeUntil(9, 16), 9)
  })
})
