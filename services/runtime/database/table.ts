import { StoreDamagedError } from './errors.ts'
import { hasLevelCode } from './levelCode.ts'
import { sealRow, unsealRow } from './seal.ts'
import type { Database } from './store.ts'

/** The rows of one kind in a store, each with its checksum. Reading throws StoreDamagedError. */
export type Table = ReturnType<typeof openTable>

export type Range = { gt?: string; reverse?: boolean; limit?: number }

export function openTable(db: Database, folder: string, name: string) {
  const level = db.sublevel<string, string>(name, {})
  const unseal = <Row>(key: string, text: string) => unsealRow<Row>(folder, level.prefix + key, text)
  async function* entries<Row>(range: Range = {}): AsyncGenerator<[key: string, row: Row]> {
    try {
      for await (const [key, text] of level.iterator(range)) yield [key, unseal<Row>(key, text)]
    } catch (error) {
      throw named(error, folder, name)
    }
  }
  const text = (key: string) =>
    level.get(key).catch((error: unknown) => {
      throw named(error, folder, level.prefix + key)
    })
  return {
    entries,
    /** As it is stored. */
    text,
    unseal,
    get: async <Row>(key: string): Promise<Row | undefined> => {
      const found = await text(key)
      return found === undefined ? undefined : unseal<Row>(key, found)
    },
    getMany: async <Row>(keys: string[]): Promise<(Row | undefined)[]> => {
      const found = await level.getMany(keys).catch((error: unknown) => {
        throw named(error, folder, name)
      })
      // Safe: one answer for each key.
      return found.map((each, at) => (each === undefined ? undefined : unseal<Row>(keys[at] as string, each)))
    },
    clear: () => level.clear(),
    put: (key: string, row: unknown) => putText(key, sealRow(level.prefix + key, row)),
    /** Puts back what `text` gave for this key. */
    putText,
    del: (key: string) => ({ type: 'del' as const, sublevel: level, key }),
  }

  function putText(key: string, value: string) {
    return { type: 'put' as const, sublevel: level, key, value }
  }
}

/** LevelDB's own word for a block that it can't read. */
function named(error: unknown, folder: string, place: string): unknown {
  if (!hasLevelCode(error, 'LEVEL_CORRUPTION')) return error
  return new StoreDamagedError(folder, place, 'LevelDB can not read it', error)
}
