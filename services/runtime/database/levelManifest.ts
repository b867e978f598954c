import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { batchesIn } from './levelLog.ts'
import { readNumber } from './levelTable.ts'

/** The files that a store consists of; what else lies there was left by a kill and is thrown away at the next opening. */
export type LiveFiles = {
  /** Tables by number, with their size. */
  tables: Map<number, number>
  /** The lowest number of a log whose batches are in no table. */
  firstLog: number
}

/** Fields of a change of the set of files, by their tag (version_edit.cc of LevelDB): how to pass over or read each. */
const tags = {
  comparator: 1,
  log: 2,
  nextFile: 3,
  lastSequence: 4,
  pointer: 5,
  deleted: 6,
  added: 7,
  previousLog: 9,
}

/** Undefined for a folder without a store. Throws RangeError where the manifest can't be read. */
export async function readLiveFiles(folder: string): Promise<LiveFiles | undefined> {
  const current = await readFile(join(folder, 'CURRENT'), 'utf8').catch(() => undefined)
  if (current === undefined) return noneIn(folder)
  if (!/^MANIFEST-\d+\n$/.test(current)) throw new RangeError('the file CURRENT names none')
  const manifest = await readFile(join(folder, current.trim())).catch(() => undefined)
  if (manifest === undefined) throw new RangeError('the one that CURRENT names is gone')
  const live: LiveFiles = { tables: new Map(), firstLog: 0 }
  for (const edit of batchesIn(manifest)) applyEdit(live, edit)
  return live
}

/** LevelDB would begin anew where the file that names the manifest is gone. */
async function noneIn(folder: string): Promise<undefined> {
  const names = await readdir(folder).catch(() => [])
  if (names.some((name) => /\.(log|ldb|sst)$/.test(name))) throw new RangeError('the file CURRENT is gone')
}

function applyEdit(live: LiveFiles, edit: Buffer): void {
  let at = 0
  const number = () => {
    const [value, next] = readNumber(edit, at)
    at = next
    return value
  }
  const skipText = () => {
    const length = number()
    at += length
  }
  while (at < edit.length) {
    const tag = number()
    if (tag === tags.comparator) skipText()
    else if (tag === tags.log) live.firstLog = number()
    else if (tag === tags.nextFile || tag === tags.lastSequence || tag === tags.previousLog) number()
    else if (tag === tags.pointer) {
      number()
      skipText()
    } else if (tag === tags.deleted) {
      number()
      live.tables.delete(number())
    } else if (tag === tags.added) {
      number()
      live.tables.set(number(), number())
      skipText()
      skipText()
    } else throw new RangeError(`a change has the unknown tag ${tag}`)
  }
}
