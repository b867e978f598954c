import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncFolder } from '../../../chain/syncFolder.ts'
import { CopyExistsError } from './errors.ts'
import { type Database, holderNote, openLevel } from './store.ts'

/** Rows of one write: enough of them that a write costs little, few enough for memory. */
const batchRows = 1_000

/**
 * Writes what a store holds at this moment into a folder that is not there, while others go on writing into it. The folder has its name
 * once all of it is on disk. Throws CopyExistsError.
 */
export async function copyDatabase(db: Database, folder: string): Promise<void> {
  if (existsSync(folder)) throw new CopyExistsError(folder)
  const draft = `${folder}.partial`
  await rm(draft, { recursive: true, force: true })
  await mkdir(dirname(folder), { recursive: true })
  const copy = await openLevel(draft)
  try {
    // An iterator of LevelDB sees the store as it was when it began.
    const rows = db.iterator()
    for (let some = await rows.nextv(batchRows); some.length > 0; some = await rows.nextv(batchRows)) {
      await copy.batch(
        some.map(([key, value]) => ({ type: 'put', key, value })),
        { sync: true },
      )
    }
    await rows.close()
  } finally {
    await copy.close()
  }
  await rm(join(draft, holderNote), { force: true })
  await rename(draft, folder)
  await syncFolder(dirname(folder))
}
