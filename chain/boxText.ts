import { formatUnits } from 'viem'
import { type Box, type BoxTerms, ceilingOf, checkBox, MAX_STRIKE, mirrorOf, topTicksOf } from './box.ts'

/** What people need to know of an index. */
export type IndexWords = BoxTerms & {
  /** For example `BTC-90`. */
  name: string
  /** For example `1 PH/s`. */
  unit: string
  token: { symbol: string; decimals: number }
}

const VALUE_DECIMALS = 18
const SECONDS_PER_EPOCH = 86_400

/** A box in one or two sentences: what is counted, when, which part of it is paid, and the most that one unit can pay. */
export function describeBox(box: Box, words: IndexWords): string {
  checkBox(box, words)
  const long = box.side === 'long' ? box : mirrorOf(box, words)
  const top = topTicksOf(box, words)
  const [lo, hi] = [amount(long.lo, words), amount(ceilingOf(long, top), words)]
  const most = amount(ceilingOf(long, top) - long.lo, words)
  const earned = `what ${words.unit} earns in ${componentWords(box.mask)} ${intervalWords(box)}`
  const paid = `Paid in ${words.token.symbol}, at most ${most} for ${words.unit}, from index ${words.name}#${box.index}.`
  if (box.side === 'short') {
    const below = long.hi === MAX_STRIKE ? `its cap of ${hi}` : hi
    const floor = long.lo === 0n ? '' : `, counting no lower than ${lo}`
    return `SHORT: by how much ${earned} stays below ${below}${floor}. ${paid}`
  }
  const from = long.lo === 0n ? '' : `, above ${lo}`
  const upTo = long.hi === MAX_STRIKE ? '' : `, up to ${hi}`
  return `LONG: ${earned}${from}${upTo}. ${paid}`
}

/** Ticks as reward tokens for one unit, exactly. */
function amount(ticks: bigint, { tick, token }: IndexWords): string {
  return `${formatUnits(ticks * tick, VALUE_DECIMALS + token.decimals)} ${token.symbol}`
}

function componentWords(mask: number): string {
  const names = ['subsidy', 'fees']
  const words = [0, 1, 2, 3, 4, 5, 6, 7]
    .filter((k) => (mask >> k) & 1)
    .map((k) => names[k] ?? `component ${k}`)
  const last = words.pop() ?? ''
  return words.length === 0 ? last : `${words.join(', ')} and ${last}`
}

/** Both days count. */
function intervalWords({ start, end }: Box): string {
  if (end - start === 1) return `on ${dateOf(start)}`
  return `from ${dateOf(start)} to ${dateOf(end - 1)}, both included`
}

function dateOf(epoch: number): string {
  return new Date(epoch * SECONDS_PER_EPOCH * 1_000).toISOString().slice(0, 10)
}
