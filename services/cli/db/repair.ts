import { cp } from 'node:fs/promises'
import { StoreDamagedError } from '../../runtime/database/errors.ts'
import { looksSealed, sealRow } from '../../runtime/database/seal.ts'
import { type Database, openLevel, salvageLevel } from '../../runtime/database/store.ts'
import { storeVersion, versionKey } from '../../runtime/database/version.ts'
import { checkStore, type Finding, readValue, type StoreReport } from './checkStore.ts'

export type Repaired = {
  store: string
  /** Where the store lies as it was; undefined where nothing had to be done. */
  putAside: string | undefined
  /** Rows that are gone, each by its key. What the service reads from the chains again is none of them. */
  lost: string[]
  /** Whether the service reads the messages from the chains again. */
  isReadAnew: boolean
  /** What is still wrong. */
  left: Finding[]
}

/** What the chains have: the sequencer reads it again, from the beginning. */
const fromChains = new Set(['messages', 'l1', 'l2', 'undo'])
const metaFromChains = new Set(['!meta!tally', '!meta!floor'])

/**
 * Makes a damaged store usable, after a copy of it was put aside. Kept is what nobody else has: signed intents, proofs of outputs, what
 * the operator has said. Of the messages all is dropped that the chains have: a part that fits by itself may not fit the rest. Throws StoreInUseError.
 */
export async function repairStore(path: string): Promise<Repaired> {
  const before = await checkStore(path)
  const damage = before.findings.filter(({ grave }) => grave)
  const { store } = before
  if (damage.length === 0) {
    return { store, putAside: undefined, lost: [], isReadAnew: false, left: before.findings }
  }
  const putAside = `${path}.damaged-${new Date().toISOString().replaceAll(':', '')}`
  await cp(path, putAside, { recursive: true })
  const filesAreWhole = before.version > 0
  if (!filesAreWhole) await salvageLevel(path)
  const db = await openLevel(path)
  const { lost, isReadAnew } = await keepWhatIsWhole(db, path).finally(() => db.close())
  // What LevelDB could not read has no name any more.
  const unnamed = filesAreWhole ? [] : damage.map(({ place, problem }) => `${place}: ${problem}`)
  const { findings: left } = await checkStore(path)
  return { store, putAside, lost: [...unnamed, ...lost], isReadAnew, left }
}

async function keepWhatIsWhole(db: Database, path: string): Promise<{ lost: string[]; isReadAnew: boolean }> {
  const rows = await db.iterator().all()
  const isMessages = rows.some(([key]) => fromChains.has(tableOf(key)) || key === '!meta!network')
  const version = rows.some(([, text]) => looksSealed(text)) ? storeVersion : 1
  const isDropped = (key: string) => isMessages && (fromChains.has(tableOf(key)) || metaFromChains.has(key))
  const lost = rows
    .filter(([key, text]) => !isDropped(key) && !isWhole(path, key, text, version))
    .map(([key]) => key)
  const gone = new Set(lost)
  const dropped = rows.filter(([key]) => gone.has(key) || isDropped(key))
  await db.batch(
    [
      ...dropped.map(([key]) => ({ type: 'del' as const, key })),
      ...(version === 1
        ? []
        : [{ type: 'put' as const, key: versionKey, value: sealRow(versionKey, version) }]),
    ],
    { sync: true },
  )
  return { lost: lost.filter((key) => key !== versionKey), isReadAnew: isMessages }
}

function isWhole(path: string, key: string, text: string, version: StoreReport['version']): boolean {
  try {
    readValue(path, key, text, version)
    return true
  } catch (error) {
    if (error instanceof StoreDamagedError || error instanceof SyntaxError) return false
    throw error
  }
}

const tableOf = (key: string) => /^!([^!]*)!/.exec(key)?.[1] ?? ''
