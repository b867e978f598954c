import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { StoreDamagedError } from '../../../../services/runtime/database/errors.ts'
import { openLevel } from '../../../../services/runtime/database/store.ts'

// A real LevelDB with tables, a table in two blocks, deleted rows and a log of several blocks. What it held after each write is
// all that it may ever be found to hold.
describe('files of a store', () => {
  let folder: string
  let origin: string
  let files: string[]
  const states = new Set<string>()

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'files-'))
    origin = join(folder, 'origin')
    let content = new Map<string, string>()
    states.add(textOf(content))
    for (const [session, rows] of [12, 40, 60].entries()) {
      const db = await openLevel(origin)
      for (let row = 0; row < rows; row++) {
        const key = `row ${(row * 7) % 17}`
        const value = `${session}/${row} `.repeat(row % 5 === 0 ? 1_200 : 20)
        content = new Map(content)
        if (row % 6 === 5) content.delete(key)
        else content.set(key, value)
        if (row % 6 === 5) await db.del(key, { sync: true })
        else await db.put(key, value, { sync: true })
        states.add(textOf(content))
      }
      await db.close()
    }
    files = (await readdir(origin)).filter((name) => /^(CURRENT|MANIFEST.*|.*\.ldb|.*\.log)$/.test(name))
  })
  after(() => rm(folder, { recursive: true }))

  const contentOf = async (damage: (path: string) => Promise<void>): Promise<string> => {
    const copy = join(folder, 'copy')
    await rm(copy, { recursive: true, force: true })
    await cp(origin, copy, { recursive: true })
    await damage(copy)
    const db = await openLevel(copy)
    const text = textOf(new Map(await db.iterator().all()))
    await db.close()
    return text
  }

  it('has tables and a log', () => {
    assert.ok(files.filter((name) => name.endsWith('.ldb')).length >= 2)
    assert.ok(files.some((name) => name.endsWith('.log')))
  })

  it('show a flipped bit, a cut and a hole before anything is read: nothing between two writes comes out', async () => {
    let damaged = 0
    const kind = fc.constantFrom('flip', 'cut', 'hole')
    await fc.assert(
      fc.asyncProperty(
        kind,
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (how, file, where) => {
          const name = files[file % files.length] ?? ''
          const found = await contentOf(async (copy) => {
            const bytes = await readFile(join(copy, name))
            const at = Math.min(Math.floor(bytes.length * where), bytes.length - 1)
            if (how === 'flip') bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (file % 8)), at)
            if (how === 'hole') bytes.fill(0, at, Math.min(at + 600, bytes.length))
            await writeFile(join(copy, name), how === 'cut' ? bytes.subarray(0, at) : bytes)
          }).catch((error: unknown) => {
            assert.ok(error instanceof StoreDamagedError, String(error))
            damaged += 1
            return undefined
          })
          if (found !== undefined) assert.ok(states.has(found), `${how} in ${name} at ${where}`)
        },
      ),
      { numRuns: Number(process.env.HASHSAND_RUNS ?? 60) },
    )
    assert.ok(damaged > 20, `only ${damaged} were noticed`)
  })

  it("show every flipped bit of a table and of a log, but for the log's last record", async () => {
    for (const name of files.filter((each) => /ldb|log/.test(each))) {
      const { length } = await readFile(join(origin, name))
      // The end of a table is padding; the last record of the log has two hundred bytes.
      for (let at = 0; at < length - 250; at += Math.ceil(length / 12)) {
        const flipped = contentOf(async (copy) => {
          const bytes = await readFile(join(copy, name))
          bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
          await writeFile(join(copy, name), bytes)
        })
        await assert.rejects(flipped, StoreDamagedError, `${name}, byte ${at}`)
      }
    }
  })

  it('show a file that is gone', async () => {
    for (const name of files) {
      const found = await contentOf((copy) => rm(join(copy, name))).catch((error: unknown) => {
        assert.ok(error instanceof StoreDamagedError, `${name}: ${error}`)
        return undefined
      })
      // A log without its name leaves what was there before it.
      if (found !== undefined) assert.ok(name.endsWith('.log') && states.has(found), name)
    }
  })

  it('are what LevelDB wrote, also where a kill left tables that nobody names', async () => {
    const found = await contentOf((copy) => writeFile(join(copy, '000999.ldb'), 'half a table'))
    assert.ok(states.has(found))
  })
})

const textOf = (rows: Map<string, string>) => JSON.stringify([...rows].sort())
