import { buried, completeDays, type DayTotals } from '../../oracle/dayTotals.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { continueAfter } from '../../oracle/sources/continueAfter.ts'
import type { DayStore } from './store.ts'

export type Days = {
  /** Closes days up to `day`, at most `limit` of them in one call, and stores them. Returns the last closed day. */
  closeUntil(day: number, limit: number): Promise<number | undefined>
  totals(day: number): Promise<DayTotals | undefined>
  lastClosed(): Promise<number | undefined>
  /** The recorded history has come to its end. */
  ended(): boolean
}

export type DaysParameters = { source: BlockSource; store: DayStore; firstDay: number }

/** The closed days of a source, each computed once. */
export function openDays({ source, store, firstDay }: DaysParameters): Days {
  let ended = false

  async function closeUntil(day: number, limit: number): Promise<number | undefined> {
    const after = await store.lastTotals()
    if (ended || limit <= 0 || (after?.day ?? firstDay - 1) >= day) return after?.day
    const blocks = after === undefined ? source.blocks() : continueAfter(source, after)
    let closed = 0
    let last = after?.day
    for await (const totals of completeDays(buried(blocks, source.confirmations), { firstDay, after })) {
      await store.saveTotals(totals)
      last = totals.day
      closed += 1
      if (totals.day >= day || closed >= limit) return last
    }
    // A live source ends where the chain ends for now; recorded history ends for good.
    ended = source.kind === 'replay'
    return last
  }

  return {
    closeUntil,
    totals: (day) => store.totals(day),
    lastClosed: async () => (await store.lastTotals())?.day,
    ended: () => ended,
  }
}
