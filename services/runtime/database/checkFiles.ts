import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreDamagedError } from './errors.ts'
import { damagedAt } from './levelLog.ts'
import { type LiveFiles, readLiveFiles } from './levelManifest.ts'
import { tableProblem } from './levelTable.ts'

/**
 * Reads the files of a closed store as they lie on disk. Throws StoreDamagedError where they are not what LevelDB wrote: it would
 * read on without a word. Of the log an end that was never synced may be torn.
 */
export async function checkFiles(folder: string): Promise<void> {
  const live = await readLiveFiles(folder).catch((cause: unknown) => {
    if (!(cause instanceof RangeError)) throw cause
    throw new StoreDamagedError(folder, 'the manifest', cause.message, cause)
  })
  // No store, or one whose manifest LevelDB itself refuses.
  if (live === undefined) return
  for (const name of (await readdir(folder)).sort()) {
    const problem = await problemOf(folder, name, live)
    if (problem !== undefined) throw new StoreDamagedError(folder, name, problem)
  }
}

async function problemOf(folder: string, name: string, live: LiveFiles): Promise<string | undefined> {
  const [, digits, kind] = /^(\d+)\.(log|ldb|sst)$/.exec(name) ?? []
  const number = Number(digits)
  if (kind === 'log') {
    if (number < live.firstLog) return undefined
    const at = damagedAt(await readFile(join(folder, name)))
    return at === undefined ? undefined : `the record at ${at} and its checksum do not belong together`
  }
  const size = live.tables.get(number)
  if (kind === undefined || size === undefined) return undefined
  const table = await readFile(join(folder, name))
  return table.length === size ? tableProblem(table) : `it has ${table.length} bytes instead of ${size}`
}
