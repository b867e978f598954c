import type { Hash } from 'viem'
import type { PoolRow } from '../../../oracle/pools/poolRow.ts'
import { formatRow, parseRow } from '../../runtime/database/rowText.ts'
import { openLevel } from '../../runtime/database/store.ts'

/** Rows as the pools gave them, and the sets of rows behind the roots of reports. Both are asked for only once. */
export type PoolStore = {
  rows(day: number): Promise<PoolRow[]>
  saveRow(row: PoolRow): Promise<void>
  set(day: number, root: Hash): Promise<PoolRow[] | undefined>
  /** Whoever signs a root can show its rows: on disk when it returns. */
  saveSet(day: number, root: Hash, rows: readonly PoolRow[]): Promise<void>
  roots(day: number): Promise<Hash[]>
  close(): Promise<void>
}

export async function openPoolStore(folder: string): Promise<PoolStore> {
  const db = await openLevel(folder)
  const rows = db.sublevel<string, string>('rows', {})
  const sets = db.sublevel<string, string>('sets', {})
  // The character after the slash is 0.
  const ofDay = (day: number) => ({ gte: `${day}/`, lt: `${day}0` })
  return {
    rows: async (day) => (await rows.values(ofDay(day)).all()).map(parseRow<PoolRow>),
    saveRow: (row) => rows.put(`${row.day}/${row.pool}`, formatRow(row)),
    set: async (day, root) => {
      const text = await sets.get(`${day}/${root}`)
      return text === undefined ? undefined : parseRow<PoolRow[]>(text)
    },
    saveSet: (day, root, set) => {
      const put = { type: 'put', sublevel: sets, key: `${day}/${root}`, value: formatRow(set) } as const
      return db.batch([put], { sync: true })
    },
    roots: async (day) => {
      const keys = await sets.keys(ofDay(day)).all()
      // Safe: only `saveSet` writes keys here, and each ends in a root.
      return keys.map((key) => key.slice(key.indexOf('/') + 1) as Hash)
    },
    close: () => db.close(),
  }
}
