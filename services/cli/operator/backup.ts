import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { ensureJwt } from '../../../chain/engine/opstack/jwt.ts'
import { readNetworkFolder, writeNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { opStackPaths } from '../../../chain/engine/opstack/paths.ts'
import { stopComponentOrphans } from '../../../chain/engine/opstack/process.ts'
import { safeJson } from '../../../chain/safeJson.ts'
import { syncFolder } from '../../../chain/syncFolder.ts'
import { CopyExistsError } from '../../runtime/database/errors.ts'
import { isDiskFull } from '../../runtime/database/isDiskFull.ts'
import { lockStateFolder } from '../devnet/lock.ts'
import { StateFolderInUseError } from '../errors.ts'
import {
  BackupDamagedError,
  NoOperatorDataError,
  NotAnOperatorBackupError,
  OperatorFolderTakenError,
  OperatorRunsError,
  SpaceMissingError,
} from './backupErrors.ts'

// What an operator's folder holds that takes hours to get again: op-geth's database, and the network that it belongs to. Op-node keeps nothing on disk
// here, and the secret between the two is made anew.

/** Written last: a folder with it is a whole backup. */
const noteName = 'operator-backup.json'
const noteSchema = z.object({
  version: z.literal(1),
  at: z.string(),
  /** Of op-geth's folder. */
  files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })).min(1),
})
export type BackupNote = z.infer<typeof noteSchema>

const databaseOf = (backup: string) => join(backup, 'geth')
const networkOf = (folder: string) => join(folder, 'network')
/** What has to be left on a disk beside a copy: op-geth shuts down at half a gigabyte. */
const SPARE_BYTES = 2_000_000_000

/**
 * Copies the data of an operator that is stopped into a folder that is not there. Throws OperatorRunsError, NoOperatorDataError, CopyExistsError,
 * SpaceMissingError.
 */
export async function backUpOperator(data: string, to: string): Promise<BackupNote> {
  if (existsSync(to)) throw new CopyExistsError(to)
  const { geth } = opStackPaths(data)
  if (!existsSync(networkOf(data)) || !existsSync(geth)) throw new NoOperatorDataError(data)
  return alone(data, async () => {
    const network = await readNetworkFolder(networkOf(data))
    await mkdir(dirname(to), { recursive: true })
    const draft = `${to}.partial`
    await rm(draft, { recursive: true, force: true })
    try {
      const files = await copyFiles(geth, databaseOf(draft))
      await writeNetworkFolder(networkOf(draft), { manifest: network.manifest, files: network })
      const note = { version: 1 as const, at: new Date().toISOString(), files }
      await writeFile(join(draft, noteName), `${JSON.stringify(note)}\n`, { flush: true })
      await syncFolder(draft)
      await rename(draft, to)
      await syncFolder(dirname(to))
      return note
    } catch (error) {
      await rm(draft, { recursive: true, force: true })
      throw error
    }
  })
}

/**
 * Puts a backup into an operator's folder that is empty or not there; each file is held against the note. The network is written last: without
 * it the next start begins a chain of its own, which derives everything from L1. Throws NotAnOperatorBackupError, BackupDamagedError,
 * OperatorFolderTakenError, OperatorRunsError, SpaceMissingError.
 */
export async function restoreOperator(backup: string, data: string): Promise<BackupNote> {
  const note = await readNote(backup)
  const network = await readNetworkFolder(networkOf(backup))
  await mkdir(data, { recursive: true })
  return alone(data, async () => {
    const paths = opStackPaths(data)
    // What a restore that was killed leaves, or a first start.
    const foreign = (await readdir(data)).filter((entry) => !/^(l2|logs|lock)$/.test(entry))
    if (foreign.length > 0) throw new OperatorFolderTakenError(data, foreign)
    await rm(paths.l2Dir, { recursive: true, force: true })
    try {
      assertSame(backup, note, await copyFiles(databaseOf(backup), paths.geth))
    } catch (error) {
      await rm(paths.l2Dir, { recursive: true, force: true })
      throw error
    }
    await ensureJwt(paths.jwt)
    await writeNetworkFolder(networkOf(data), { manifest: network.manifest, files: network })
    await syncFolder(data)
    return note
  })
}

/** Under the folder's lock, and with no program of a supervisor that was killed still at work in it. */
async function alone<Value>(data: string, work: () => Promise<Value>): Promise<Value> {
  const lock = await lockStateFolder(data).catch((error: unknown) => {
    throw error instanceof StateFolderInUseError ? new OperatorRunsError(data, error.holder, error) : error
  })
  try {
    await stopComponentOrphans(data)
    return await work()
  } finally {
    await lock.release()
  }
}

async function readNote(backup: string): Promise<BackupNote> {
  const text = await readFile(join(backup, noteName), 'utf8').catch((cause: unknown) => {
    throw new NotAnOperatorBackupError(backup, `it has no ${noteName}`, cause)
  })
  const read = noteSchema.safeParse(safeJson(text))
  if (!read.success) throw new NotAnOperatorBackupError(backup, `its ${noteName} is another one`)
  return read.data
}

/** Every file of a folder, and what was read of it. A file named LOCK says who has a database open: nobody has. */
async function copyFiles(from: string, to: string): Promise<BackupNote['files']> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name !== 'LOCK')
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1))
    .sort()
  const neededBytes = await assertSpace(from, paths, to)
  const files: BackupNote['files'] = []
  for (const path of paths) {
    await mkdir(dirname(join(to, path)), { recursive: true })
    const copied = await copyFile(join(from, path), join(to, path)).catch(async (error: unknown) => {
      // Others write on that disk too, or its owner has used up his share.
      throw isDiskFull(error) ? new SpaceMissingError(to, await freeBytesAt(to), neededBytes) : error
    })
    files.push({ path, ...copied })
  }
  const folders = new Set([to, ...paths.map((path) => dirname(join(to, path)))])
  for (const folder of folders) await syncFolder(folder)
  return files
}

async function copyFile(from: string, to: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  const target = await open(to, 'w', 0o600)
  try {
    for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
      hash.update(chunk)
      bytes += chunk.length
      await target.writeFile(chunk)
    }
    await target.sync()
  } finally {
    await target.close()
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** Throws SpaceMissingError; answers what is needed, in bytes. */
async function assertSpace(from: string, paths: readonly string[], to: string): Promise<number> {
  let needed = SPARE_BYTES
  for (const path of paths) needed += (await stat(join(from, path))).size
  await mkdir(to, { recursive: true })
  const free = await freeBytesAt(to)
  if (free < needed) throw new SpaceMissingError(to, free, needed)
  return needed
}

async function freeBytesAt(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** What was copied is what was noted, file by file. */
function assertSame(backup: string, note: BackupNote, copied: BackupNote['files']): void {
  const found = new Map(copied.map(({ path, sha256 }) => [path, sha256]))
  for (const { path, sha256 } of note.files) {
    const given = found.get(path)
    if (given !== sha256)
      throw new BackupDamagedError(backup, path, given === undefined ? 'missing' : 'changed')
    found.delete(path)
  }
  const [more] = found.keys()
  if (more !== undefined) throw new BackupDamagedError(backup, more, 'not part of it')
}
