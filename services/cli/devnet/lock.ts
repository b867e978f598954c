import { join } from 'node:path'
import { openLevel } from '../../runtime/database/store.ts'
import { StoreInUseError } from '../../runtime/outboxErrors.ts'
import { StateFolderInUseError } from '../errors.ts'

export type StateLock = { release(): Promise<void> }

/** Takes the state folder for this process. The lock is LevelDB's, which dies with its holder and can't go stale. */
export async function lockStateFolder(folder: string): Promise<StateLock> {
  const lock = await openLevel(join(folder, 'lock')).catch((error: unknown) => {
    throw error instanceof StoreInUseError ? new StateFolderInUseError(folder, error.holder, error) : error
  })
  return { release: () => lock.close() }
}
