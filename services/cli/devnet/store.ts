import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { StateFolderInUseError } from '../errors.ts'

export type StateLock = { release(): Promise<void> }

/**
 * Takes the state folder for this process. The lock is LevelDB's own: the system frees it when the process dies,
 * however it dies, so a lock can't go stale. The note beside it only serves to name the holder.
 */
export async function lockStateFolder(folder: string, command: string): Promise<StateLock> {
  const note = join(folder, 'holder.json')
  const db = new Level(join(folder, 'lock'))
  try {
    await db.open()
  } catch (cause) {
    if (!isLocked(cause)) throw cause
    throw new StateFolderInUseError(folder, await holderOf(note), cause)
  }
  await writeFile(note, JSON.stringify({ pid: process.pid, command }))
  return { release: () => db.close() }
}

function isLocked(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'LEVEL_LOCKED') return true
  }
  return false
}

async function holderOf(note: string): Promise<string> {
  const text = await readFile(note, 'utf8').catch(() => '')
  const match = /"pid":(\d+)/.exec(text)
  return match === null ? 'another process' : `process ${match[1]}`
}
