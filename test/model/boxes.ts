import { down, type Exact, exact, least, minus, most, up, zero } from './exact.ts'
import { Refused } from './refused.ts'

// Written from the definitions at the head of the ledger, in fractions, and from none of its code or its twin's.

export const MAX = 2n ** 64n - 1n

export type ModelBox = {
  short: boolean
  mask: number
  index: number
  start: number
  end: number
  lo: bigint
  /** `MAX` for the top. */
  hi: bigint
}

export type ModelIndex = {
  token: string
  source: string
  network: number
  first: number
  tick: bigint
  caps: readonly bigint[]
  /** By epochs from the first one on: what each component earned before it. */
  sums: bigint[][]
  reserve: bigint
}

/* IDS */

// Digits of the id, most significant first, with their bases.
const bases = [8n, 8n, 32n, 24n, 24n, 64n, 64n, 32n].map((bits) => 2n ** bits)

function digitsOf(id: bigint): bigint[] {
  const digits: bigint[] = []
  let rest = id
  for (const base of [...bases].reverse()) {
    digits.unshift(rest % base)
    rest /= base
  }
  return digits
}

type ReadBox = ModelBox & { wellFormed: boolean }
const readBefore = new Map<bigint, ReadBox>()

export function read(id: bigint): ReadBox {
  const known = readBefore.get(id)
  if (known !== undefined) return known
  const [flags = 0n, mask, index, start, end, lo = 0n, hi = 0n, rest] = digitsOf(id)
  const box = {
    short: flags % 2n === 1n,
    mask: Number(mask),
    index: Number(index),
    start: Number(start),
    end: Number(end),
    lo,
    hi,
    wellFormed: flags < 2n && rest === 0n,
  }
  if (readBefore.size > 10_000) readBefore.clear()
  readBefore.set(id, box)
  return box
}

export function write(box: ModelBox): bigint {
  const digits = [box.short ? 1 : 0, box.mask, box.index, box.start, box.end, box.lo, box.hi, 0]
  return bases.reduce((id, base, i) => id * base + BigInt(digits[i] ?? 0), 0n)
}

/* WHAT A BOX IS */

export function components(mask: number): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].filter((k) => Math.floor(mask / 2 ** k) % 2 === 1)
}

/** The most a day can earn, in ticks. */
export function capsOf(index: ModelIndex, mask: number): bigint {
  return components(mask).reduce((sum, k) => sum + (index.caps[k] ?? 0n), 0n)
}

export function topOf(index: ModelIndex, box: ModelBox): bigint {
  return capsOf(index, box.mask) * BigInt(box.end - box.start)
}

export const isFull = (box: ModelBox): boolean => box.lo === 0n && box.hi === MAX

/** Refuses an id that cannot exist, for the first reason in the interface's order. */
export function requireCanonical(index: ModelIndex, id: bigint): ModelBox {
  const { wellFormed, ...box } = read(id)
  if (!wellFormed) throw new Refused('MalformedId', id)
  const count = index.caps.length
  if (box.mask < 1 || box.mask >= 2 ** count) throw new Refused('MaskOutside', box.mask, count)
  if (box.start < index.first) throw new Refused('StartsBeforeIndex', BigInt(box.start), BigInt(index.first))
  if (box.start >= box.end) throw new Refused('IntervalEmpty', BigInt(box.start), BigInt(box.end))
  const top = topOf(index, box)
  if (top >= MAX) throw new Refused('TopTooManyTicks', top, MAX - 1n)
  const worst = capsOf(index, 2 ** count - 1) * BigInt(box.end - index.first) * index.tick
  if (worst >= 2n ** 128n) throw new Refused('EndsTooLate', BigInt(box.end), worst, 2n ** 128n - 1n)
  if (box.lo >= box.hi) throw new Refused('StrikesEmpty', box.lo, box.hi)
  if (box.lo >= top) throw new Refused('FloorAboveTop', box.lo, top)
  if (box.hi >= top && box.hi !== MAX) throw new Refused('NotCanonical', id, top)
  return box
}

/** Strikes in ticks between 0 and the top, the top being `MAX`. */
function ceilingOf(index: ModelIndex, box: ModelBox): bigint {
  return box.hi === MAX ? topOf(index, box) : box.hi
}

export function mirrored(index: ModelIndex, box: ModelBox): ModelBox {
  const top = topOf(index, box)
  const hi = top - box.lo
  return { ...box, short: !box.short, lo: top - ceilingOf(index, box), hi: hi === top ? MAX : hi }
}

/* WHAT IT IS WORTH, AS INDEX VALUES */

const inValue = (index: ModelIndex, ticks: bigint): Exact => exact(ticks * index.tick)

export function widthOf(index: ModelIndex, box: ModelBox): Exact {
  return inValue(index, ceilingOf(index, box) - box.lo)
}

/** clamp(value, lo, hi) - lo */
export function payoff(index: ModelIndex, box: ModelBox, value: Exact): Exact {
  const [lo, hi] = [inValue(index, box.lo), inValue(index, ceilingOf(index, box))]
  return minus(most(lo, least(hi, value)), lo)
}

/** What the box's side came to from its start to `until`, all of which is known. */
export function sideBetween(index: ModelIndex, box: ModelBox, until: number): Exact {
  const at = (epoch: number, k: number) => index.sums[epoch - index.first]?.[k] ?? 0n
  const long = components(box.mask).reduce((sum, k) => sum + at(until, k) - at(box.start, k), 0n)
  if (!box.short) return exact(long)
  return exact(capsOf(index, box.mask) * BigInt(until - box.start) * index.tick - long)
}

export function sideOf(index: ModelIndex, box: ModelBox, earned: bigint): Exact {
  return box.short ? minus(inValue(index, topOf(index, box)), exact(earned)) : exact(earned)
}

/** What is left from `until` on, when the side came to `value` before: undefined where nothing can be paid. */
export function restOf(index: ModelIndex, box: ModelBox, until: number, value: Exact): ModelBox | undefined {
  const rest = { ...box, start: until }
  const top = topOf(index, rest)
  const lowered = (strike: bigint) =>
    most(zero, minus(exact(strike), exact(value.over, value.under * index.tick)))
  const lo = up(lowered(box.lo))
  const hi = box.hi === MAX ? MAX : down(lowered(box.hi))
  if (lo >= top || lo >= hi) return undefined
  return { ...rest, lo, hi: hi >= top ? MAX : hi }
}

/* CUTS */

export type Axis = 0 | 1 | 2

export function partsOf(index: ModelIndex, id: bigint, axis: number, at: bigint): [ModelBox, ModelBox] {
  const { wellFormed: _, ...box } = read(id)
  if (axis === 2) {
    const top = topOf(index, box)
    if (at <= box.lo || at >= box.hi) throw new Refused('CutOutsideStrikes', at, box.lo, box.hi)
    if (at >= top) throw new Refused('CutOutsideStrikes', at, box.lo, top)
    return [
      { ...box, hi: at },
      { ...box, lo: at },
    ]
  }
  if (!isFull(box)) throw new Refused('NotFull', id)
  if (axis === 1) {
    if (at <= box.start || at >= box.end) throw new Refused('CutOutsideInterval', at, box.start, box.end)
    return [
      { ...box, end: Number(at) },
      { ...box, start: Number(at) },
    ]
  }
  const first = at < 256n ? components(Number(at)) : []
  const all = components(box.mask)
  if (first.length === 0 || first.length >= all.length || first.some((k) => !all.includes(k)))
    throw new Refused('CutOutsideMask', at, box.mask)
  return [
    { ...box, mask: Number(at) },
    { ...box, mask: box.mask - Number(at) },
  ]
}
