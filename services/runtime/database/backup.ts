import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { safeJson } from '../../../chain/safeJson.ts'
import { syncFolder } from '../../../chain/syncFolder.ts'
import { CopyExistsError, NotABackupError } from './errors.ts'

/** Written last: a folder with it is a whole backup. */
const noteName = 'backup.json'
const noteSchema = z.object({ version: z.literal(1), at: z.string(), stores: z.array(z.string()).min(1) })

/** Writes a copy of a store into a folder that is not there. */
export type CopyStore = (folder: string) => Promise<void>

/**
 * Writes copies of several stores into a folder that is not there. Each is of one moment; they lie a little apart, which a service takes as
 * it takes any old backup. Throws CopyExistsError.
 */
export async function writeBackup(folder: string, stores: ReadonlyMap<string, CopyStore>): Promise<void> {
  if (existsSync(folder)) throw new CopyExistsError(folder)
  const draft = `${folder}.partial`
  await rm(draft, { recursive: true, force: true })
  try {
    for (const [name, copy] of stores) await copy(join(draft, name))
    const note = { version: 1, at: new Date().toISOString(), stores: [...stores.keys()] }
    await writeFile(join(draft, noteName), `${JSON.stringify(note)}\n`, { flush: true })
    await rename(draft, folder)
    await syncFolder(dirname(folder))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
}

/** The stores in a backup. Throws NotABackupError. */
export async function readBackup(folder: string): Promise<string[]> {
  const text = await readFile(join(folder, noteName), 'utf8').catch((cause: unknown) => {
    throw new NotABackupError(folder, `it has no ${noteName}`, cause)
  })
  const read = noteSchema.safeParse(safeJson(text))
  if (!read.success) throw new NotABackupError(folder, `its ${noteName} is another one`)
  return read.data.stores
}
