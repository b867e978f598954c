import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Block } from '../../oracle/block.ts'
import { BlockReplacedError, BlockSequenceError } from '../../oracle/errors.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { RateLimitedError } from '../../oracle/sources/errors.ts'
import type { Burial } from '../../services/relayer/bonds/burial.ts'
import { openDays } from '../../services/relayer/days.ts'
import { type DayStore, openDayStore } from '../../services/relayer/store.ts'
import { createStubChain } from '../oracle/sources/stubChain.ts'

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

  it('reads a live source again after a pause, or when the service says so, and at once where days were closed', async () => {
    let [now, reads] = [0, 0]
    let refuses = false
    const { blocks, ...live } = sourceOf(12, { kind: 'simulator' })
    const source: BlockSource = {
      ...live,
      async *blocks(after) {
        reads += 1
        if (refuses) throw new RateLimitedError('pool.example', 60)
        yield* blocks(after)
      },
    }
    const days = openDays({ source, store, firstDay: 2, pauseMs: 1_000, now: () => now })
    assert.equal(await days.closeUntil(20, 5), 6)
    assert.equal(await days.closeUntil(20, 16), 11)
    assert.equal(await days.closeUntil(20, 16), 11)
    assert.equal(reads, 3)
    assert.equal(await days.closeUntil(20, 16), 11)
    assert.equal(reads, 3, 'read again within the pause')
    ;[now, refuses] = [1_000, true]
    await assert.rejects(days.closeUntil(20, 16), RateLimitedError)
    for (const time of [2_000, 60_999]) {
      now = time
      assert.equal(await days.closeUntil(20, 16), 11)
    }
    assert.equal(reads, 4)
    ;[now, refuses] = [61_000, false]
    await days.closeUntil(20, 16)
    assert.equal(reads, 5)
  })

  it('keeps the headers of a day and of the six blocks on it, where the source has them', async () => {
    const { blocks: mined } = createStubChain('kept', 320)
    const source = {
      kind: 'node' as const,
      confirmations: 6,
      async *blocks(after = 0) {
        yield* mined.filter(({ height }) => height > after)
      },
      tip: async () => mined.at(-1),
      proofOf: async (height: number) => mined.find((block) => block.height === height) ?? assert.fail(),
    }
    const day = 1 + Math.floor((mined[0]?.medianTime ?? 0) / 86_400)
    const recorded = { ...source, tip: async () => undefined }
    const kept: Burial[] = []
    const burials = { save: async (burial: Burial) => void kept.push(burial) }
    assert.equal(await openDays({ source: recorded, store, burials, firstDay: day }).closeUntil(day, 1), day)
    const [{ blocks, blockHash } = assert.fail('no headers kept')] = kept
    const { firstHeight, lastHeight, lastHash } = (await store.totals(day)) ?? assert.fail()
    assert.equal(blockHash, lastHash)
    assert.deepEqual([blocks[0]?.height, blocks.at(-1)?.height], [firstHeight, lastHeight + 6])
  })
})
