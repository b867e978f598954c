import {
  type Box,
  type BoxTerms,
  checkBox,
  escrowCash,
  MAX_STRIKE,
  mirrorOf,
  packBox,
  redeemCash,
  requireQuantity,
  topTicksOf,
  VALUE_SCALE,
} from './box.ts'
import { isFull } from './boxCuts.ts'
import {
  DrawingEndsError,
  DrawingNegativeError,
  DrawingOrderError,
  DrawingOwesError,
  NotFullError,
} from './boxErrors.ts'
import { NotLongError } from './errors.ts'

// Let f be a drawing: piecewise linear in what the index earned, x from 0 to the top T. With slope a_i on [K_{i-1}, K_i),
//
//     f(x) = f(0) + Σ a_i · slice_i(x)             slice_i = what LONG [K_{i-1}, K_i) pays
//
// Where a_i < 0, -slice_i = mirror_i - (K_i - K_{i-1}): the SHORT of that slice, less its width. So
//
//     f(x) = c + Σ_{a_i > 0} a_i · LONG_i + Σ_{a_i < 0} |a_i| · SHORT_i        c = f(0) - (what f falls by in all)
//
// and f can be held without owing exactly where c ≥ 0: c is cash, or c/T of the full LONG and SHORT. Steps (vertical lines) are not
// piecewise linear and are refused; two points one tick apart come as near as the grid allows.

/** Both in ticks: where the index ends, and what one unit pays there. */
export type Point = { at: bigint; value: bigint }

/** A share of the quantity: `over / under`, exact. */
export type Weight = { over: bigint; under: bigint }
export type Leg = { box: Box; weight: Weight }

/** What has to be held for one unit of a payoff. `cashTicks` is paid whatever happens. */
export type Plan = { legs: readonly Leg[]; cashTicks: bigint }

/** The plan that pays what is drawn over the whole of a full LONG. Throws what is wrong with the drawing. */
export function planDrawing(whole: Box, terms: BoxTerms, points: readonly Point[]): Plan {
  requireFullLong(whole, terms)
  checkDrawing(points, topTicksOf(whole, terms))
  const legs: Leg[] = []
  let falls = 0n
  for (const { from, to } of straightLines(points)) {
    const [rise, run] = [to.value - from.value, to.at - from.at]
    if (rise < 0n) falls -= rise
    if (rise === 0n) continue
    const long = sliceOf(whole, terms, from.at, to.at)
    const weight = { over: rise < 0n ? -rise : rise, under: run }
    legs.push({ box: rise > 0n ? long : mirrorOf(long, terms), weight })
  }
  const start = points[0]?.value ?? 0n
  if (falls > start) throw new DrawingOwesError(start, falls)
  return { legs, cashTicks: start - falls }
}

/** The slice of a full box from one strike to another. */
export function sliceOf(whole: Box, terms: BoxTerms, lo: bigint, hi: bigint): Box {
  const slice = { ...whole, lo, hi: hi >= topTicksOf(whole, terms) ? MAX_STRIKE : hi }
  checkBox(slice, terms)
  return slice
}

export type Holdings = {
  positions: readonly { box: Box; quantity: bigint }[]
  /** Base units of the reward token. */
  cash: bigint
}

/**
 * What to hold for `quantity` of a plan: everything is rounded down, so it never pays more than was drawn, and less by under
 * one base unit for each position and for the cash, plus one 1e18th of a unit's width for each position.
 */
export function holdingsOf({ legs, cashTicks }: Plan, terms: BoxTerms, quantity: bigint): Holdings {
  requireQuantity(quantity)
  const positions = legs
    .map(({ box, weight }) => ({ box, quantity: (quantity * weight.over) / weight.under }))
    .filter((position) => position.quantity > 0n)
  for (const position of positions) requireQuantity(position.quantity)
  return { positions, cash: (quantity * cashTicks * terms.tick) / VALUE_SCALE }
}

/** What the holdings come to when the index earned `earned`. */
export function holdingsCash({ positions, cash }: Holdings, terms: BoxTerms, earned: bigint): bigint {
  return positions.reduce((sum, { box, quantity }) => sum + redeemCash(box, terms, quantity, earned), cash)
}

/** What it takes to make the holdings from cash alone. The other side of each position comes with it. */
export function holdingsEscrow({ positions, cash }: Holdings, terms: BoxTerms): bigint {
  return positions.reduce((sum, { box, quantity }) => {
    const long = box.side === 'long' ? box : mirrorOf(box, terms)
    return sum + escrowCash(long, terms, quantity)
  }, cash)
}

export function requireFullLong(whole: Box, terms: BoxTerms): void {
  checkBox(whole, terms)
  if (whole.side !== 'long') throw new NotLongError(packBox(whole))
  if (!isFull(whole)) throw new NotFullError(packBox(whole))
}

function checkDrawing(points: readonly Point[], top: bigint): void {
  const [first, last] = [points[0]?.at, points.at(-1)?.at]
  if (first !== 0n || last !== top) throw new DrawingEndsError(first, last, top)
  for (const [i, { at, value }] of points.entries()) {
    const before = points[i - 1]?.at ?? -1n
    if (at <= before) throw new DrawingOrderError(i, at, before)
    if (value < 0n) throw new DrawingNegativeError(i, value)
  }
}

/** Neighbouring lines of one slope are one line, so that one payoff has one plan. */
function straightLines(points: readonly Point[]): { from: Point; to: Point }[] {
  const lines: { from: Point; to: Point }[] = []
  for (const [i, to] of points.entries()) {
    const from = points[i - 1]
    if (from === undefined) continue
    const last = lines.at(-1)
    if (last !== undefined && sameSlope(last, { from, to })) last.to = to
    else lines.push({ from, to })
  }
  return lines
}

function sameSlope(a: { from: Point; to: Point }, b: { from: Point; to: Point }): boolean {
  const left = (a.to.value - a.from.value) * (b.to.at - b.from.at)
  return left === (b.to.value - b.from.value) * (a.to.at - a.from.at)
}
