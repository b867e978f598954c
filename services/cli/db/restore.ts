import { cp, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readBackup } from '../../runtime/database/backup.ts'
import { NotABackupError } from '../../runtime/database/errors.ts'
import { checkStore, isStore, type StoreReport } from './checkStore.ts'
import { OtherBackupError, StoreNotEmptyError } from './errors.ts'

export type RestoreParameters = {
  /** Of the service, which is stopped. */
  folder: string
  backup: string
  /** Whether stores that are not empty may be put aside. */
  force: boolean
  /** What the messages have to belong to, where it is known. */
  network: string | undefined
}

export type Restored = { stores: StoreReport[]; putAside: string[] }

/**
 * Puts a backup in the place of a service's stores. All of it is copied and looked at before anything is moved. Throws NotABackupError,
 * OtherBackupError, StoreNotEmptyError, StoreInUseError.
 */
export async function restore({ folder, backup, force, network }: RestoreParameters): Promise<Restored> {
  const names = await readBackup(backup)
  // A name with a dot is none of a store.
  const stage = join(folder, 'restore.partial')
  await rm(stage, { recursive: true, force: true })
  await mkdir(stage, { recursive: true })
  try {
    const stores: StoreReport[] = []
    for (const name of names) {
      await cp(join(backup, name), join(stage, name), { recursive: true })
      stores.push(await checkStaged(backup, join(stage, name)))
    }
    const occupied = await compare(folder, stores, network)
    if (occupied.length > 0 && !force) throw new StoreNotEmptyError(occupied)
    const putAside: string[] = []
    const suffix = `before-${new Date().toISOString().replaceAll(':', '')}`
    for (const name of names) {
      const place = join(folder, name)
      if (isStore(place)) {
        await rename(place, `${place}.${suffix}`)
        putAside.push(`${place}.${suffix}`)
      }
      await rename(join(stage, name), place)
    }
    return { stores, putAside }
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

async function checkStaged(backup: string, path: string): Promise<StoreReport> {
  const report = await checkStore(path)
  const grave = report.findings.find((finding) => finding.grave)
  if (grave === undefined) return report
  throw new NotABackupError(backup, `${report.store} is damaged at ${grave.place}: ${grave.problem}`)
}

/** The stores here that are not empty. What is damaged here may be replaced, whatever it was. */
async function compare(folder: string, stores: readonly StoreReport[], network: string | undefined) {
  const occupied: string[] = []
  for (const { store, kind, belongsTo } of stores) {
    const backup = belongsTo ?? 'nothing'
    if (kind === 'messages' && network !== undefined && backup !== network) {
      throw new OtherBackupError(store, backup, network)
    }
    if (!isStore(join(folder, store))) continue
    const here = await checkStore(join(folder, store))
    if (here.belongsTo !== undefined && here.belongsTo !== belongsTo) {
      throw new OtherBackupError(store, backup, here.belongsTo)
    }
    if (here.findings.length > 0 || Object.keys(here.rows).length > 0) occupied.push(store)
  }
  return occupied
}
