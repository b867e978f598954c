import { type Hex, numberToHex } from 'viem'
import {
  BoxFieldError,
  EndsTooLateError,
  FloorAboveTopError,
  IntervalEmptyError,
  MalformedIdError,
  MaskOutsideError,
  NotCanonicalError,
  NotLongError,
  QuantityError,
  StartsBeforeIndexError,
  StrikesEmptyError,
  TopTooManyTicksError,
} from './errors.ts'

/**
 * The twin of `contracts/types/BoxId.sol` and of the value math of `contracts/ledger/Ledger.sol`.
 * `test/vectors/box.json` keeps the two equal. Strikes and tops are in ticks; sums and payoffs are index values.
 */
export type Box = {
  side: 'long' | 'short'
  /** Bit k for component k. */
  mask: number
  index: number
  /** The first epoch that counts. */
  start: number
  /** The epoch after the last one that counts. */
  end: number
  /** The floor in ticks. */
  lo: bigint
  /** The ceiling in ticks, or `MAX_STRIKE` for the top of the index. */
  hi: bigint
}

/** What a box needs to know of its index. Caps are in ticks, one per component. */
export type BoxTerms = {
  firstEpoch: number
  tick: bigint
  caps: readonly bigint[]
}

export const MAX_STRIKE = 2n ** 64n - 1n

/** 1e18 for the scale of index values times 1e18 for the scale of quantities. */
export const VALUE_SCALE = 10n ** 36n

const MAX_UINT128 = 2n ** 128n - 1n

// Least significant first, as the id is read.
const layout = [
  ['zero', 32n],
  ['hi', 64n],
  ['lo', 64n],
  ['end', 24n],
  ['start', 24n],
  ['index', 32n],
  ['mask', 8n],
  ['flags', 8n],
] as const
type Fields = Record<(typeof layout)[number][0], bigint>

/* CODEC */

/** The id of a box. Throws BoxFieldError for a field that does not fit its bits. */
export function packBox(box: Box): bigint {
  const fields: Fields = {
    zero: 0n,
    hi: box.hi,
    lo: box.lo,
    end: toBigInt('end', box.end),
    start: toBigInt('start', box.start),
    index: toBigInt('index', box.index),
    mask: toBigInt('mask', box.mask),
    flags: box.side === 'short' ? 1n : 0n,
  }
  let id = 0n
  let shift = 0n
  for (const [name, bits] of layout) {
    const value = fields[name]
    if (value < 0n || value >> bits !== 0n) throw new BoxFieldError(name, value, 2n ** bits - 1n)
    id |= value << shift
    shift += bits
  }
  return id
}

/** The box of an id. Throws MalformedIdError when a bit is set that has no meaning. */
export function unpackBox(id: bigint): Box {
  if (id < 0n || id >> 249n !== 0n || (id & 0xffff_ffffn) !== 0n) throw new MalformedIdError(id)
  return {
    side: id >> 248n === 1n ? 'short' : 'long',
    mask: Number((id >> 240n) & 0xffn),
    index: Number((id >> 208n) & 0xffff_ffffn),
    start: Number((id >> 184n) & 0xff_ffffn),
    end: Number((id >> 160n) & 0xff_ffffn),
    lo: (id >> 96n) & MAX_STRIKE,
    hi: (id >> 32n) & MAX_STRIKE,
  }
}

export function boxIdToHex(id: bigint): Hex {
  return numberToHex(id, { size: 32 })
}

/* WHAT CAN EXIST */

/** The highest value that the box's components can sum up to over its interval, in ticks. */
export function topTicksOf(box: Box, terms: BoxTerms): bigint {
  return capsOf(box.mask, terms) * BigInt(box.end - box.start)
}

/** Throws the error that the ledger would revert with, when it would. */
export function checkBox(box: Box, terms: BoxTerms): void {
  const components = terms.caps.length
  if (box.mask === 0 || box.mask >> components !== 0) throw new MaskOutsideError(box.mask, components)
  if (box.start < terms.firstEpoch) throw new StartsBeforeIndexError(box.start, terms.firstEpoch)
  if (box.start >= box.end) throw new IntervalEmptyError(box.start, box.end)
  const top = topTicksOf(box, terms)
  if (top >= MAX_STRIKE) throw new TopTooManyTicksError(top, MAX_STRIKE - 1n)
  const worst = capsOf(2 ** components - 1, terms) * BigInt(box.end - terms.firstEpoch) * terms.tick
  if (worst > MAX_UINT128) throw new EndsTooLateError(box.end, worst, MAX_UINT128)
  if (box.lo >= box.hi) throw new StrikesEmptyError(box.lo, box.hi)
  if (box.lo >= top) throw new FloorAboveTopError(box.lo, top)
  if (box.hi >= top && box.hi !== MAX_STRIKE) throw new NotCanonicalError(box.hi, top)
}

/** The one box that stands for this payoff: a ceiling at or above the top becomes `MAX_STRIKE`. Checked. */
export function canonicalBox(box: Box, terms: BoxTerms): Box {
  const canonical = box.hi >= topTicksOf(box, terms) ? { ...box, hi: MAX_STRIKE } : box
  checkBox(canonical, terms)
  return canonical
}

/** The other side: whatever the index does, the two are worth the width of the box together. */
export function mirrorOf(box: Box, terms: BoxTerms): Box {
  checkBox(box, terms)
  const top = topTicksOf(box, terms)
  return {
    ...box,
    side: box.side === 'long' ? 'short' : 'long',
    lo: top - ceilingOf(box, top),
    hi: box.lo === 0n ? MAX_STRIKE : top - box.lo,
  }
}

/* VALUE */

/** What `escrow` takes for both sides: rounded up, the reserve is owed the fraction. */
export function escrowCash(long: Box, terms: BoxTerms, quantity: bigint): bigint {
  const value = requireQuantity(quantity) * widthOf(requireLong(long), terms)
  return (value + VALUE_SCALE - 1n) / VALUE_SCALE
}

/** What `merge` gives for both sides: rounded down. */
export function mergeCash(long: Box, terms: BoxTerms, quantity: bigint): bigint {
  return (requireQuantity(quantity) * widthOf(requireLong(long), terms)) / VALUE_SCALE
}

/**
 * The payoff of one unit, as an index value, when the box's components earned `earned` over its interval:
 * the difference of their prefix sums.
 */
export function payoffOf(box: Box, terms: BoxTerms, earned: bigint): bigint {
  checkBox(box, terms)
  return clampedOf(box, terms, sideValue(box, topTicksOf(box, terms) * terms.tick, earned))
}

/** What a side came to, out of `top`, when the components earned `earned`. All index values. */
export function sideValue(box: Box, top: bigint, earned: bigint): bigint {
  return box.side === 'short' ? top - earned : earned
}

/** clamp(value, lo, hi) - lo: the payoff of one unit when its side came to `value`. */
export function clampedOf(box: Box, terms: BoxTerms, value: bigint): bigint {
  const floor = box.lo * terms.tick
  const ceiling = ceilingOf(box, topTicksOf(box, terms)) * terms.tick
  if (value <= floor) return 0n
  return (value < ceiling ? value : ceiling) - floor
}

/** What `redeem` gives at maturity: rounded down. */
export function redeemCash(box: Box, terms: BoxTerms, quantity: bigint, earned: bigint): bigint {
  return (requireQuantity(quantity) * payoffOf(box, terms, earned)) / VALUE_SCALE
}

/* INTERNALS */

function widthOf(box: Box, terms: BoxTerms): bigint {
  checkBox(box, terms)
  return (ceilingOf(box, topTicksOf(box, terms)) - box.lo) * terms.tick
}

/** The ceiling as a strike, which `MAX_STRIKE` is not. */
export function ceilingOf(box: Box, top: bigint): bigint {
  return box.hi === MAX_STRIKE ? top : box.hi
}

/** The most that a day of these components can add up to, in ticks. */
export function capsOf(mask: number, terms: BoxTerms): bigint {
  return terms.caps.reduce((sum, cap, k) => ((mask >> k) & 1 ? sum + cap : sum), 0n)
}

function requireLong(box: Box): Box {
  if (box.side !== 'long') throw new NotLongError(packBox(box))
  return box
}

/** The ledger takes a uint128. */
export function requireQuantity(quantity: bigint): bigint {
  if (quantity <= 0n || quantity > MAX_UINT128) throw new QuantityError(quantity, MAX_UINT128)
  return quantity
}

function toBigInt(field: string, value: number): bigint {
  if (!Number.isSafeInteger(value)) throw new BoxFieldError(field, value, Number.MAX_SAFE_INTEGER)
  return BigInt(value)
}
