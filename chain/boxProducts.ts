import { type Box, type BoxTerms, mirrorOf, topTicksOf } from './box.ts'
import { partsOf } from './boxCuts.ts'
import { ProductStrikeError } from './boxErrors.ts'
import { type Leg, type Plan, requireFullLong, sliceOf, type Weight } from './boxPlan.ts'

// The products that have names, as terms over one full LONG. Each pays at most what its slices can; none promises more.

const ONE: Weight = { over: 1n, under: 1n }
const plan = (...legs: readonly Leg[]): Plan => ({ legs, cashTicks: 0n })

/** Pays min(X, K): no promise beyond what is earned. */
export function bond(whole: Box, terms: BoxTerms, strike: bigint): Plan {
  requireStrike('bond', whole, terms, strike)
  return plan({ box: sliceOf(whole, terms, 0n, strike), weight: ONE })
}

/** A call, or the equity above a bond: pays what is earned above K. */
export function call(whole: Box, terms: BoxTerms, strike: bigint): Plan {
  requireStrike('call', whole, terms, strike)
  return plan({ box: sliceOf(whole, terms, strike, topTicksOf(whole, terms)), weight: ONE })
}

/** Pays what is earned less than K: SHORT [T - K, T). */
export function put(whole: Box, terms: BoxTerms, strike: bigint): Plan {
  requireStrike('put', whole, terms, strike)
  return plan({ box: mirrorOf(sliceOf(whole, terms, 0n, strike), terms), weight: ONE })
}

/** Pays what is earned above one strike and up to another. */
export function spread(whole: Box, terms: BoxTerms, { lo, hi }: { lo: bigint; hi: bigint }): Plan {
  requireStrike('spread', whole, terms, lo)
  requireStrike('spread', whole, terms, hi)
  if (lo >= hi) throw new ProductStrikeError('spread', `strikes ${lo} and ${hi}`, 'the lower one first')
  return plan({ box: sliceOf(whole, terms, lo, hi), weight: ONE })
}

/**
 * Pays max(min(X, F), ρX) without exercise: 1 × [0, F) + ρ × [F/ρ, T). F/ρ is rounded down to the tick, for the holder by less
 * than ρ ticks, which whoever sells it keeps less; where it is not below the top, nothing is left to convert into.
 */
export function convertible(
  whole: Box,
  terms: BoxTerms,
  { face, ratio }: { face: bigint; ratio: Weight },
): Plan {
  requireStrike('convertible', whole, terms, face)
  if (ratio.over <= 0n || ratio.over >= ratio.under)
    throw new ProductStrikeError(
      'convertible',
      `the ratio ${ratio.over}/${ratio.under}`,
      'above 0 and below 1',
    )
  const lower: Leg = { box: sliceOf(whole, terms, 0n, face), weight: ONE }
  const strike = (face * ratio.under) / ratio.over
  const top = topTicksOf(whole, terms)
  if (strike >= top) return plan(lower)
  return plan(lower, { box: sliceOf(whole, terms, strike, top), weight: ratio })
}

/** What is kept of a LONG, up to K, and what is sold for a premium, above it. */
export function coveredCall(whole: Box, terms: BoxTerms, strike: bigint): { kept: Box; sold: Box } {
  requireFullLong(whole, terms)
  const [kept, sold] = partsOf(whole, terms, { axis: 'value', at: strike })
  return { kept, sold }
}

/** Subsidy and fees apart, or any other two groups of components. Of LONG and SHORT. */
export function componentStrip(whole: Box, terms: BoxTerms, mask: number): [Box, Box] {
  return partsOf(whole, terms, { axis: 'component', at: BigInt(mask) })
}

/** One box from each epoch to the next one, the whole's start and end being the outer ones. Of LONG and SHORT. */
export function calendarStrip(whole: Box, terms: BoxTerms, epochs: readonly number[]): Box[] {
  const strip: Box[] = []
  let rest = whole
  for (const epoch of epochs) {
    const [before, after] = partsOf(rest, terms, { axis: 'time', at: BigInt(epoch) })
    strip.push(before)
    rest = after
  }
  return [...strip, rest]
}

function requireStrike(product: string, whole: Box, terms: BoxTerms, strike: bigint): void {
  requireFullLong(whole, terms)
  const top = topTicksOf(whole, terms)
  if (strike <= 0n || strike >= top)
    throw new ProductStrikeError(product, `the strike of ${strike} ticks`, `1 to ${top - 1n}`)
}
