import type { Hash } from 'viem'
import { formatRow, parseRow } from '../../runtime/database/rowText.ts'
import { openLevel } from '../../runtime/database/store.ts'
import type { Burial } from './burial.ts'

/** Longer than a proof and the time for a defence take. */
const keptDays = 60

/**
 * What a node needs to defend what it has signed. It is not with the totals of days, which are made anew on another branch when the
 * chain was reorganised: by day and last block, the burials of both branches stay.
 */
export type BurialStore = {
  /** On disk when it returns. */
  save(burial: Burial): Promise<void>
  find(day: number, blockHash: Hash): Promise<Burial | undefined>
  close(): Promise<void>
}

export async function openBurialStore(folder: string): Promise<BurialStore> {
  const db = await openLevel(folder)
  return {
    save: async (burial) => {
      const key = keyOf(burial.day, burial.blockHash)
      await db.batch([{ type: 'put', key, value: formatRow(burial) }], { sync: true })
      await db.clear({ lt: keyOf(Math.max(burial.day - keptDays, 0), '') })
    },
    find: async (day, blockHash) => {
      const text = await db.get(keyOf(day, blockHash))
      return text === undefined ? undefined : parseRow<Burial>(text)
    },
    close: () => db.close(),
  }
}

/** Keys sort as text: leading zeros make that the order of the days. */
const keyOf = (day: number, blockHash: string): string => `${String(day).padStart(10, '0')}/${blockHash}`
