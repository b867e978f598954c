import {
  type Box,
  type BoxTerms,
  capsOf,
  ceilingOf,
  checkBox,
  clampedOf,
  MAX_STRIKE,
  packBox,
  payoffOf,
  redeemCash,
  requireQuantity,
  sideValue,
  topTicksOf,
  VALUE_SCALE,
} from './box.ts'
import {
  CutOutsideIntervalError,
  CutOutsideMaskError,
  CutOutsideStrikesError,
  EarnedAboveTopError,
  IndicesDifferError,
  NotFullError,
  NotMaturedError,
  RealisedOutsideError,
} from './boxErrors.ts'

/** What becomes of a box: cuts, and what is certain before its end. `test/vectors/cuts.json` keeps it equal to the ledger. */
export type Cut =
  /** The components of the first part, as a mask. */
  | { axis: 'component'; at: bigint }
  /** The epoch where the first part ends. */
  | { axis: 'time'; at: bigint }
  /** The strike, in ticks, where the first part ends. */
  | { axis: 'value'; at: bigint }

/** The ledger's number of an axis. */
export const axisNumber: Readonly<Record<Cut['axis'], number>> = { component: 0, time: 1, value: 2 }

export function isFull(box: Box): boolean {
  return box.lo === 0n && box.hi === MAX_STRIKE
}

/** What `split` makes of a box and `join` needs for it. Their payoffs add up to the whole's, whatever the index does. */
export function partsOf(whole: Box, terms: BoxTerms, { axis, at }: Cut): [Box, Box] {
  checkBox(whole, terms)
  if (axis === 'value') return cutValue(whole, ceilingOf(whole, topTicksOf(whole, terms)), at)
  if (!isFull(whole)) throw new NotFullError(packBox(whole))
  return axis === 'time' ? cutTime(whole, at) : cutComponent(whole, at)
}

function cutComponent(whole: Box, at: bigint): [Box, Box] {
  const mask = BigInt(whole.mask)
  if (at <= 0n || at >= mask || (at & ~mask) !== 0n) throw new CutOutsideMaskError(at, whole.mask)
  return [
    { ...whole, mask: Number(at) },
    { ...whole, mask: Number(mask ^ at) },
  ]
}

function cutTime(whole: Box, at: bigint): [Box, Box] {
  if (at <= BigInt(whole.start) || at >= BigInt(whole.end))
    throw new CutOutsideIntervalError(at, whole.start, whole.end)
  return [
    { ...whole, end: Number(at) },
    { ...whole, start: Number(at) },
  ]
}

function cutValue(whole: Box, ceiling: bigint, at: bigint): [Box, Box] {
  if (at <= whole.lo || at >= ceiling) throw new CutOutsideStrikesError(at, whole.lo, ceiling)
  return [
    { ...whole, hi: at },
    { ...whole, lo: at },
  ]
}

export type Known = {
  /** The index is known up to this epoch. */
  knownUntil: number
  /** What the components of a mask earned from one epoch up to another one, both known. */
  earned(mask: number, from: number, until: number): bigint
}

export type Realised = { cash: bigint; rest: Box | undefined }

/**
 * What `realise` pays and leaves: cash rounded down; of the rest the floor rounded up to the tick and the ceiling down, so it
 * may be worth up to two ticks less per unit. `rest` is undefined where nothing can be paid any more.
 */
export function realise(
  box: Box,
  terms: BoxTerms,
  { until, quantity, known }: { until: number; quantity: bigint; known: Known },
): Realised {
  checkBox(box, terms)
  const last = Math.min(box.end, known.knownUntil)
  if (until <= box.start || until > last) throw new RealisedOutsideError(until, box.start, last)
  const topBefore = capsOf(box.mask, terms) * BigInt(until - box.start)
  const value = sideValue(box, topBefore * terms.tick, known.earned(box.mask, box.start, until))
  const cash = (requireQuantity(quantity) * clampedOf(box, terms, value)) / VALUE_SCALE
  return { cash, rest: restruck(box, terms, until, value) }
}

function restruck(box: Box, terms: BoxTerms, until: number, value: bigint): Box | undefined {
  const { tick } = terms
  const rest = { ...box, start: until }
  const top = topTicksOf(rest, terms)
  const lo = notNegative(box.lo - value / tick)
  const hi = box.hi === MAX_STRIKE ? MAX_STRIKE : notNegative(box.hi - (value + tick - 1n) / tick)
  if (lo >= top || lo >= hi) return undefined
  return { ...rest, lo, hi: hi < top ? hi : MAX_STRIKE }
}

/** What one unit pays at least and at most after what is known, as index values. Equal at maturity. */
export function boundsOf(box: Box, terms: BoxTerms, known: Known): { least: bigint; most: bigint } {
  checkBox(box, terms)
  const until = Math.max(box.start, Math.min(box.end, known.knownUntil))
  const caps = capsOf(box.mask, terms) * terms.tick
  const earned = until === box.start ? 0n : known.earned(box.mask, box.start, until)
  const value = sideValue(box, caps * BigInt(until - box.start), earned)
  const open = caps * BigInt(box.end - until)
  return { least: clampedOf(box, terms, value), most: clampedOf(box, terms, value + open) }
}

/** What `redeemMany` gives: the sum of what each position gives alone. */
export function redeemManyCash(
  positions: readonly { box: Box; quantity: bigint }[],
  terms: BoxTerms,
  known: Known,
): bigint {
  const first = positions[0]?.box.index ?? 0
  let cash = 0n
  for (const { box, quantity } of positions) {
    if (box.index !== first) throw new IndicesDifferError(first, box.index)
    if (box.end > known.knownUntil) throw new NotMaturedError(box.end, known.knownUntil)
    cash += redeemCash(box, terms, quantity, known.earned(box.mask, box.start, box.end))
  }
  return cash
}

/** `payoffOf` for what can happen only, as the ledger's view. */
export function possiblePayoffOf(box: Box, terms: BoxTerms, earned: bigint): bigint {
  checkBox(box, terms)
  const max = topTicksOf(box, terms) * terms.tick
  if (earned > max) throw new EarnedAboveTopError(earned, max)
  return payoffOf(box, terms, earned)
}

function notNegative(value: bigint): bigint {
  return value < 0n ? 0n : value
}
