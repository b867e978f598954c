import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DiskFullError } from './errors.ts'
import { isDiskFull } from './isDiskFull.ts'

/** A store may write a table of 4 MiB out of its log when it is opened. Where that is too little it fails once more, and nothing is lost. */
const roomBytes = 8 << 20

/**
 * Writes a file into each folder, syncs it and takes it away: what the system says of free space leaves out quotas and what root alone may use. Throws
 * DiskFullError.
 */
export async function checkRoom(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await tryToWrite(folder)
}

async function tryToWrite(folder: string): Promise<void> {
  const path = join(folder, 'room.probe')
  try {
    await mkdir(folder, { recursive: true })
    const file = await open(path, 'w')
    try {
      // By chance, as zeros take no room on a disk that compresses.
      await file.writeFile(randomBytes(roomBytes))
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    if (!isDiskFull(error)) throw error
    throw new DiskFullError(folder, roomBytes, error)
  } finally {
    await rm(path, { force: true })
  }
}
