import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { zeroHash } from 'viem'
import { type Pool, type PoolRow, poolRow } from '../../../../oracle/pools/poolRow.ts'
import { poolRowsRoot } from '../../../../oracle/pools/poolRowsTree.ts'
import { borneOut, openPoolRows, type PoolRows } from '../../../../services/relayer/pools/poolRows.ts'
import { openPoolStore, type PoolStore } from '../../../../services/relayer/pools/store.ts'

const day = 19_844
const hashrate = 10n ** 18n
const names = ['antpool', 'braiins', 'foundry', 'luxor'] as const

/** A row of a pool; `permille` changes what it credits. */
const rowOf = (pool: Pool, permille = 0n, of = day): PoolRow =>
  poolRow({ pool, day: of, scheme: 'FPPS', hashrate, reward: 1_000_000n + 1_000n * permille, settled: true })

const told = (rows: readonly PoolRow[] | undefined) =>
  rows?.map(({ pool, hashrate: rate, rewardPerUnit }) => [pool, rate, rewardPerUnit])

/** What a node has seen, by pool: nothing, the common value, or a value a percent above it. */
const sightings = fc.record(
  Object.fromEntries(names.map((name) => [name, fc.constantFrom('none', 'common', 'far')])),
)
type Sighting = Record<string, string>
const rowsOf = (sighting: Sighting): PoolRow[] =>
  names
    .filter((name) => sighting[name] !== 'none')
    .map((name) => rowOf(name, sighting[name] === 'far' ? 10n : 0n))

describe('pool rows of a relayer', () => {
  it('are proposed only where enough others bear all of them out, and none is left out that all have', () => {
    fc.assert(
      fc.property(sightings, fc.array(sightings, { maxLength: 6 }), fc.nat(4), (own, others, needed) => {
        const proposed = borneOut(rowsOf(own), others.map(rowsOf), needed).map(({ pool }) => pool)
        const agree = (other: Sighting, pool: string) => other[pool] === own[pool]
        const bearing = others.filter((other) => proposed.every((pool) => agree(other, pool))).length
        assert.ok(proposed.length === 0 || bearing >= needed)
        for (const pool of names) {
          if (own[pool] === 'none') assert.ok(!proposed.includes(pool))
          else if (others.length >= needed && others.every((other) => agree(other, pool)))
            assert.ok(proposed.includes(pool), pool)
        }
      }),
    )
  })

  let folder = ''
  let store: PoolStore
  let rows: PoolRows
  const open = () => openPoolRows({ store, waitsFor: () => false, hasTime: () => false, watch: () => {} })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-pools-'))
    store = await openPoolStore(folder)
    rows = open()
    for (const name of names.slice(0, 2)) await store.saveRow(rowOf(name))
    // Without a hashrate a row is no leaf.
    await store.saveRow(poolRow({ ...rowOf('ocean'), hashrate: undefined }))
    await store.saveRow(rowOf('luxor', 0n, day + 1))
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('are of the day, complete, and none until they are chosen', async () => {
    assert.deepEqual((await rows.seen(day)).map(({ pool }) => pool).sort(), ['antpool', 'braiins'])
    assert.equal(rows.rootOf(day), zeroHash)
    const both = [rowOf('antpool'), rowOf('braiins')]
    await rows.choose(day, [both, both], 2)
    assert.equal(rows.rootOf(day), poolRowsRoot(both))
    assert.deepEqual(told(await rows.rowsOf(day, poolRowsRoot(both))), told(both))
    await rows.choose(day, [both, []], 2)
    assert.equal(rows.rootOf(day), zeroHash)
  })

  it('of a leader are signed where each was seen within half a percent, and kept for whoever asks', async () => {
    const near = [rowOf('antpool', 5n), rowOf('braiins', 0n)]
    await rows.offer(day, poolRowsRoot(near), near)
    assert.ok(await rows.accepts(day, poolRowsRoot(near)))
    // After a restart too.
    assert.deepEqual(told(await open().rowsOf(day, poolRowsRoot(near))), told(near))
    assert.deepEqual(await open().rootsOf(day), [poolRowsRoot(near)])
    assert.ok(await rows.accepts(day, zeroHash), 'no row at all is always acceptable')
  })

  const refused: Record<string, PoolRow[]> = {
    'a value too far off': [rowOf('antpool', 6n)],
    'a thousandfold': [poolRow({ ...rowOf('antpool'), reward: 10n ** 9n })],
    'a pool that was not seen': [rowOf('antpool'), rowOf('foundry')],
    'another day': [rowOf('luxor', 0n, day + 1)],
    'a pool twice': [rowOf('antpool'), rowOf('antpool')],
  }
  for (const [what, given] of Object.entries(refused)) {
    it(`F16: of a leader are not signed with ${what}`, async () => {
      const root = what === 'a pool twice' ? poolRowsRoot([rowOf('antpool')]) : poolRowsRoot(given)
      await rows.offer(day, root, given)
      assert.equal(await rows.accepts(day, root), false)
    })
  }

  it('are not taken under a root that is not theirs', async () => {
    const given = [rowOf('antpool')]
    await rows.offer(day, poolRowsRoot([rowOf('braiins')]), given)
    assert.equal(await rows.accepts(day, poolRowsRoot([rowOf('braiins')])), false)
  })
})
