import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { StoreInUseError } from '../outboxErrors.ts'
import { checkFiles } from './checkFiles.ts'
import { StoreDamagedError, type StoreNotWrittenError } from './errors.ts'
import { guardWrites } from './guard.ts'
import { hasLevelCode } from './levelCode.ts'

export type Database = Level<string, string>

/** Opens LevelDB, or in a simulation what loses on a kill what was not synced. */
export type OpenDatabase = (folder: string) => Promise<Database>

/** Names the process that has a store open, or had it last. */
export const holderNote = 'holder'

/** Folders that this process has open. */
const openHere = new Set<string>()

/**
 * Opens a Level for this process alone. The lock is LevelDB's own, which the system frees however the process dies; the
 * note beside it only names the holder. `onFailure` hears of the first write that fails. Throws StoreInUseError, StoreDamagedError.
 */
export async function openLevel(
  folder: string,
  onFailure?: (failure: StoreNotWrittenError) => void,
): Promise<Database> {
  await checkFiles(folder).catch(async (damage: unknown) => {
    // Files that another process is writing look damaged.
    const holder = await liveHolder(folder)
    throw holder === undefined ? damage : new StoreInUseError(folder, `process ${holder}`, damage)
  })
  const db = new Level<string, string>(folder)
  try {
    await db.open()
  } catch (cause) {
    if (hasLevelCode(cause, 'LEVEL_CORRUPTION')) {
      throw new StoreDamagedError(folder, 'its files', 'LevelDB can not open them', cause)
    }
    if (!hasLevelCode(cause, 'LEVEL_LOCKED')) throw cause
    const pid = await readHolder(folder)
    throw new StoreInUseError(folder, pid === undefined ? 'another process' : `process ${pid}`, cause)
  }
  openHere.add(folder)
  db.once('closed', () => openHere.delete(folder))
  try {
    await writeFile(join(folder, holderNote), String(process.pid))
  } catch (error) {
    // A full disk: left open, the store could never be opened again here.
    await db.close()
    throw error
  }
  return guardWrites(db, folder, onFailure)
}

/**
 * Makes a store of what LevelDB can still read in a damaged one that nobody has open. Rows may be gone without a word, and older ones be
 * there again: whoever calls this knows how to do without them.
 */
export async function salvageLevel(folder: string): Promise<void> {
  // Safe: on Node `level` is classic-level, whose types alone know this.
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(folder)
  await rm(join(folder, 'lost'), { recursive: true, force: true })
}

async function readHolder(folder: string): Promise<number | undefined> {
  const pid = Number(await readFile(join(folder, holderNote), 'utf8').catch(() => ''))
  return pid > 0 ? pid : undefined
}

/** The process that the note names, if it runs. */
async function liveHolder(folder: string): Promise<number | undefined> {
  const pid = await readHolder(folder)
  if (pid === process.pid) return openHere.has(folder) ? pid : undefined
  try {
    if (pid !== undefined) process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}
