import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { Manifest } from '../../../chain/manifest.ts'
import { type CopyStore, readBackup, writeBackup } from '../../runtime/database/backup.ts'
import { copyDatabase } from '../../runtime/database/copy.ts'
import { CopyExistsError } from '../../runtime/database/errors.ts'
import { openLevel } from '../../runtime/database/store.ts'
import { StoreInUseError } from '../../runtime/outboxErrors.ts'
import { askSequencer } from '../askSequencer.ts'
import { storesIn } from './checkStore.ts'
import { NoStoresError } from './errors.ts'

const answer = z.object({ path: z.string() })
/** Many messages take longer than a question. */
const patienceMs = 600_000

/**
 * Copies the stores of a service and answers their names: by the service's own hand while it runs, else from disk. Throws
 * CopyExistsError, NoStoresError, StoreDamagedError.
 */
export async function backUp(
  folder: string,
  to: string,
  manifest: () => Promise<Manifest>,
): Promise<string[]> {
  if (existsSync(to)) throw new CopyExistsError(to)
  const names = await storesIn(folder)
  if (names.length === 0) throw new NoStoresError(folder)
  try {
    await writeBackup(to, new Map(names.map((name) => [name, copierOf(join(folder, name))])))
  } catch (error) {
    if (!(error instanceof StoreInUseError)) throw error
    const name = `backup-${Date.now()}`
    const { path } = await askSequencer(await manifest(), '/v1/backup', answer, { name }, patienceMs)
    await moveTo(path, to)
  }
  return readBackup(to)
}

/** Of a store that nobody has open. */
function copierOf(path: string): CopyStore {
  return async (to) => {
    const db = await openLevel(path)
    await copyDatabase(db, to).finally(() => db.close())
  }
}

/** The service writes into its own folder alone; from there it is brought where it was wanted. */
async function moveTo(path: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await rename(path, to).catch(async () => {
    await cp(path, to, { recursive: true, errorOnExist: true, force: false })
    await rm(path, { recursive: true }).catch(() => {})
  })
}
