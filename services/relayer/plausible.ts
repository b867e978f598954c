import type { DayTotals } from '../../oracle/dayTotals.ts'

/*
 * A retarget changes the work of a block by at most a factor of four and a halving halves its subsidy: within a day no valid
 * chain moves the subsidy per work to less than a tenth, or to more than five times. A source that shows it has mistaken a unit, or
 * is not of this chain.
 */

const leastTenths = 1n
const mostTenths = 50n

/** Whether a day can follow the day before it. The fees are no part of this: they do jump. */
export function isPlausible(day: DayTotals, before: DayTotals | undefined): boolean {
  if (before === undefined) return true
  const tenths = 10n * day.subsidy * before.work
  const unit = before.subsidy * day.work
  return tenths >= leastTenths * unit && tenths <= mostTenths * unit
}
