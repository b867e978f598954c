import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { replicaPaths } from '../../../chain/engine/opstack/paths.ts'
import { openLevel } from '../../runtime/database/store.ts'
import { StoreInUseError } from '../../runtime/outboxErrors.ts'
import { ReplicaFolderInUseError } from '../errors.ts'

/** Takes the folder for this process. A folder that never became a replica's keeps nothing of the lock. */
export async function lockReplica(data: string): Promise<() => Promise<void>> {
  const isNew = !existsSync(data)
  const folder = join(data, 'lock')
  const lock = await openLevel(folder).catch((error: unknown) => {
    throw error instanceof StoreInUseError ? new ReplicaFolderInUseError(data, error.holder, error) : error
  })
  return async () => {
    await lock.close()
    if (!existsSync(replicaPaths(data).network))
      await rm(isNew ? data : folder, { recursive: true, force: true })
  }
}
