import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { StoreNotWrittenError } from '../../../../services/runtime/database/errors.ts'
import { openLevel } from '../../../../services/runtime/database/store.ts'
import { openTable } from '../../../../services/runtime/database/table.ts'

// LevelDB on a disk of 3 MB that is really full. Mounting one takes root.

describe('a store on a full disk', function () {
  this.timeout(60_000)
  let disk: string
  let stores = 0

  before(async function () {
    disk = await mkdtemp(join(tmpdir(), 'full-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      process.stdout.write('    no disk of its own can be mounted here: run this as root\n')
      this.skip()
    }
  })
  after(async () => {
    try {
      execFileSync('umount', ['-l', disk], { stdio: 'ignore' })
    } catch {
      // It was not mounted.
    }
    await rm(disk, { recursive: true, force: true })
  })

  /** Leaves less than a page. */
  async function fill(): Promise<void> {
    for (const bytes of [65_536, 4_096]) {
      for (let file = 0; ; file++) {
        const name = join(disk, `ballast-${bytes}-${file}`)
        const isFull = await writeFile(name, Buffer.alloc(bytes)).then(
          () => false,
          () => true,
        )
        if (isFull) break
      }
    }
  }

  async function free(): Promise<void> {
    for (const name of await readdir(disk)) {
      if (name.startsWith('ballast')) await rm(join(disk, name))
    }
  }

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
        const folder = join(disk, `store-${stores}`)
        const db = await openLevel(folder)
        const table = openTable(db, folder, 'rows')
        const acknowledged: string[] = []
        let failed = false
        const put = async (bytes: number) => {
          const key = `row-${acknowledged.length}-${bytes}`
          try {
            await db.batch([table.put(key, `row${'x'.repeat(bytes)}`)], { sync: true })
            assert.ok(!failed, 'it took a row after it had refused one')
            acknowledged.push(key)
          } catch (error) {
            assert.ok(error instanceof StoreNotWrittenError, String(error))
            failed = true
            refusals += 1
          }
        }
        for (const bytes of before) await put(bytes)
        await fill()
        for (const bytes of during) await put(bytes)
        for (const key of acknowledged) assert.notEqual(await table.get(key), undefined, 'it can be read')
        await free()
        for (const bytes of afterwards) await put(bytes)
        await db.close()
        await assertKept(folder, acknowledged)
        await rm(folder, { recursive: true })
      }),
      { numRuns: 25 },
    )
    assert.ok(refusals > 5, `${refusals} refusals`)
  })
})
