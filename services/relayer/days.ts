import { buried, completeDays, type DayTotals } from '../../oracle/dayTotals.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { continueAfter } from '../../oracle/sources/continueAfter.ts'
import { RateLimitedError } from '../../oracle/sources/errors.ts'
import { fromDay } from '../../oracle/sources/fromDay.ts'
import { burialOf } from './bonds/burial.ts'
import type { BurialStore } from './bonds/store.ts'
import type { DayStore } from './store.ts'
import type { Clock } from './turns.ts'

export type Days = {
  /** Closes days up to `day`, at most `limit` of them in one call, and stores them. Returns the last closed day. */
  closeUntil(day: number, limit: number): Promise<number | undefined>
  totals(day: number): Promise<DayTotals | undefined>
  lastClosed(): Promise<number | undefined>
  /** The recorded history has come to its end. */
  ended(): boolean
}

export type DaysParameters = {
  source: BlockSource
  store: DayStore
  /** What shows later why a day was closed as it was. */
  burials?: Pick<BurialStore, 'save'>
  firstDay: number
  /** Between two readings of a source that lives, unless the first one closed days: it may be somebody else's. */
  pauseMs?: number
  /** Milliseconds on a clock that never goes back. */
  now?: () => number
}

/** Half a minute of a real day. */
export function pauseBetweenReadingsMs({ epochSeconds }: Clock): number {
  return (epochSeconds * 1_000) / 2_880
}

type Reading = { after: DayTotals | undefined; day: number; limit: number }

/** The closed days of a source, each computed once. */
export function openDays(parameters: DaysParameters): Days {
  const { source, store, burials, firstDay, pauseMs = 0, now = () => performance.now() } = parameters
  let ended = false
  let notBefore = 0

  async function closeUntil(day: number, limit: number): Promise<number | undefined> {
    const after = await store.lastTotals()
    if (ended || limit <= 0 || (after?.day ?? firstDay - 1) >= day || now() < notBefore) return after?.day
    try {
      const last = await read({ after, day, limit })
      if (last === after?.day) notBefore = now() + pauseMs
      return last
    } catch (error) {
      const waitMs = error instanceof RateLimitedError ? error.waitSeconds * 1_000 : 0
      notBefore = now() + Math.max(pauseMs, waitMs)
      throw error
    }
  }

  async function read({ after, day, limit }: Reading): Promise<number | undefined> {
    const blocks = after === undefined ? fromDay(source, firstDay) : continueAfter(source, after)
    let closed = 0
    let last = after?.day
    for await (const totals of completeDays(buried(blocks, source.confirmations), { firstDay, after })) {
      const burial = burials && (await burialOf(source, totals))
      if (burial !== undefined) await burials?.save(burial)
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
