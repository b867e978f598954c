import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { StoreNotWrittenError } from '../../../../services/runtime/database/errors.ts'
import { isDiskFull } from '../../../../services/runtime/database/isDiskFull.ts'
import { openLevel } from '../../../../services/runtime/database/store.ts'
import { openTable } from '../../../../services/runtime/database/table.ts'
import { mountSmallDisk, type SmallDisk } from '../../../support/smallDisk.ts'

// LevelDB on a disk of 3 MB that is really full.

describe('a store on a full disk', function () {
  this.timeout(60_000)
  let disk: SmallDisk
  let stores = 0

  before(async function () {
    disk = await mountSmallDisk(3, this)
  })
  after(() => disk?.unmount())

  /** Whatever is in `acknowledged` has to be there when the store is opened anew. */
  async function assertKept(folder: string, acknowledged: readonly string[]): Promise<void> {
    const db = await openLevel(folder)
    const table = openTable(db, folder, 'rows')
    for (const key of acknowledged) assert.equal((await table.get<string>(key))?.slice(0, 3), 'row', key)
    await db.batch([table.put('later', 'row')], { sync: true })
    await db.close()
  }

  it('F8: loses nothing that it took, whatever is written before, while and after the disk was full', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 6 })
    let refusals = 0
    await fc.assert(
      fc.asyncProperty(sizes, sizes, sizes, async (before, during, afterwards) => {
        stores += 1
        const folder = join(disk.path, `store-${stores}`)
        const db = await openLevel(folder)
        const table = openTable(db, folder, 'rows')
        const acknowledged: string[] = []
        let failed = false
        const put = async (bytes: number) => {
          const key = `row-${acknowledged.length}-${bytes}`
          try {
            const { sublevel, value } = table.put(key, `row${'x'.repeat(bytes)}`)
            // Both ways of writing many rows together.
            if (bytes % 2 === 0) await db.batch([{ type: 'put', sublevel, key, value }], { sync: true })
            else await db.batch().put(key, value, { sublevel }).write({ sync: true })
            assert.ok(!failed, 'it took a row after it had refused one')
            acknowledged.push(key)
          } catch (error) {
            assert.ok(error instanceof StoreNotWrittenError && isDiskFull(error), String(error))
            failed = true
            refusals += 1
          }
        }
        for (const bytes of before) await put(bytes)
        await disk.fill()
        for (const bytes of during) await put(bytes)
        for (const key of acknowledged) assert.notEqual(await table.get(key), undefined, 'it can be read')
        await disk.free()
        for (const bytes of afterwards) await put(bytes)
        await db.close()
        await assertKept(folder, acknowledged)
        await rm(folder, { recursive: true })
      }),
      { numRuns: 25 },
    )
    assert.ok(refusals > 5, `${refusals} refusals`)
  })

  it('F8: can be opened once there is room, however little there was when it was tried before', async () => {
    const rooms = fc.array(
      fc.record({ pages: fc.nat(70), rows: fc.array(fc.integer({ min: 1, max: 60_000 }), { maxLength: 4 }) }),
      {
        minLength: 1,
        maxLength: 5,
      },
    )
    const roomy = { pages: 300, rows: [60_000, 1, 60_000] }
    let refused = 0
    await fc.assert(
      fc.asyncProperty(rooms, async (tries) => {
        stores += 1
        const folder = join(disk.path, `store-${stores}`)
        const acknowledged: string[] = []
        for (const { pages, rows } of [roomy, ...tries, { pages: 0, rows: [1] }]) {
          await disk.fill(pages)
          try {
            const db = await openLevel(folder)
            const table = openTable(db, folder, 'rows')
            try {
              for (const bytes of rows) {
                const key = `row-${acknowledged.length}`
                await db.batch([table.put(key, `row${'x'.repeat(bytes)}`)], { sync: true })
                acknowledged.push(key)
              }
            } finally {
              await db.close()
            }
          } catch (error) {
            assert.ok(isDiskFull(error), String(error))
            refused += 1
          }
          await disk.free()
        }
        await assertKept(folder, acknowledged)
        await rm(folder, { recursive: true })
      }),
      { numRuns: 8 },
    )
    assert.ok(refused > 5, `${refused} refusals`)
  })
})
