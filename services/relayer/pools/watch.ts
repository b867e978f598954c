import { BaseError } from '../../../chain/errors.ts'
import type { DayTotals } from '../../../oracle/dayTotals.ts'
import { checkCredited } from '../../../oracle/pools/crossChecks.ts'
import { PoolRateLimitError } from '../../../oracle/pools/errors.ts'
import type { Pool } from '../../../oracle/pools/poolRow.ts'
import { rewardIndex } from '../../../oracle/rewardIndex.ts'
import type { Log } from '../../runtime/log.ts'
import type { NodeMetrics } from '../metrics.ts'
import type { PoolRows } from './poolRows.ts'
import type { Reporter } from './reporters.ts'
import type { PoolStore } from './store.ts'

/** Hashes of the unit of rows: 1 PH/s for a day. */
const unitWork = 86_400n * 10n ** 15n

export type WatchParameters = {
  reporters: readonly Reporter[]
  store: Pick<PoolStore, 'rows' | 'saveRow'>
  totals: (day: number) => Promise<DayTotals | undefined>
  /** The chain's time, seconds: it decides whether a day is over. */
  chainTime: () => number
  /** How long a day is not proposed while a pool has not answered yet. */
  patienceMs: number
  /** Between two questions about one day to a pool that failed. */
  retryMs: number
  /** Milliseconds on a clock that never goes back. */
  now?: () => number
  metrics: Pick<NodeMetrics, 'poolFailed'>
  log: Log
  signal: AbortSignal
}

type Asked = { since: number; notBefore: number; done: boolean }

/** Asks each pool for each day: one question at a time to a pool, again after a failure that may pass, never after an answer. */
export function openWatch(parameters: WatchParameters): Pick<PoolRows, 'watch' | 'waitsFor' | 'hasTime'> {
  const { reporters, patienceMs, retryMs, now = () => performance.now(), metrics, log } = parameters
  const asked = new Map<string, Asked>()
  const busy = new Set<Pool>()
  const restsUntil = new Map<Pool, number>()
  const keyOf = (day: number, pool: Pool) => `${day}/${pool}`

  function next(day: number, reporter: Reporter): void {
    const { pool } = reporter
    const state = asked.get(keyOf(day, pool)) ?? { since: now(), notBefore: 0, done: false }
    asked.set(keyOf(day, pool), state)
    const isEarly = now() < Math.max(state.notBefore, restsUntil.get(pool) ?? 0)
    if (state.done || isEarly || busy.has(pool) || parameters.signal.aborted) return
    busy.add(pool)
    void ask(parameters, reporter, day)
      .then(
        () => {
          state.done = true
        },
        (error: unknown) => {
          if (parameters.signal.aborted) return
          if (error instanceof PoolRateLimitError) restsUntil.set(pool, now() + error.waitSeconds * 1_000)
          state.notBefore = now() + retryMs
          state.done = !(error instanceof BaseError && error.retry)
          metrics.poolFailed(pool, error instanceof Error ? error.name : 'unknown')
          log.warn({ pool, day, reason: reasonOf(error), again: !state.done }, 'relayer.pool.failed')
        },
      )
      .finally(() => busy.delete(pool))
  }

  return {
    hasTime: (day) =>
      reporters.some(({ pool }) => now() < (asked.get(keyOf(day, pool))?.since ?? 0) + patienceMs),
    watch: (days) => {
      const first = days[0]
      for (const key of asked.keys())
        if (first === undefined || Number.parseInt(key, 10) < first) asked.delete(key)
      for (const day of days) for (const reporter of reporters) next(day, reporter)
    },
    waitsFor: (day) =>
      reporters.some(({ pool }) => {
        const state = asked.get(keyOf(day, pool))
        return state === undefined || (!state.done && now() < state.since + patienceMs)
      }),
  }
}

/** Stores the row if it is possible; a unit that was mistaken credits more than the day's index allows. */
async function ask(
  { store, totals, chainTime, signal, log }: WatchParameters,
  reporter: Reporter,
  day: number,
): Promise<void> {
  const { pool } = reporter
  if ((await store.rows(day)).some((row) => row.pool === pool)) return
  const row = await reporter.ask({ day, nowMs: chainTime() * 1_000 }, signal)
  const ofDay = await totals(day)
  if (ofDay === undefined) return
  const { subsidy, fees } = rewardIndex(ofDay, unitWork)
  checkCredited(row, subsidy + fees)
  await store.saveRow(row)
  const { hashrate, rewardPerUnit, scheme } = row
  log.info({ pool, day, hashrate, rewardPerUnit, scheme }, 'relayer.pool.row')
}

/** Errors of pools hold no key and no word of the pool; of anything else only its name is known to be safe. */
function reasonOf(error: unknown): string {
  if (error instanceof BaseError) return error.message
  return error instanceof Error ? error.name : 'unknown'
}
