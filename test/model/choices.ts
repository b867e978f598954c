import { components, MAX, type ModelBox, type ModelIndex, mirrored, read, topOf, write } from './boxes.ts'
import { knownUntil } from './cashVerbs.ts'
import type { Random } from './random.ts'
import { balanceOf, type State } from './state.ts'
import { EPOCHS, LAST_EPOCH } from './worlds.ts'

// What a user would look at before he asks for something.

export type Holding = { id: bigint; balance: bigint; box: ModelBox; index: ModelIndex }

export function holdingsOf(state: State, actor: string): Holding[] {
  const found: Holding[] = []
  for (const id of state.supplies.keys()) {
    const balance = balanceOf(state, actor, id)
    const box = read(id)
    const index = state.indices[box.index - 1]
    if (balance > 0n && index !== undefined) found.push({ id, balance, box, index })
  }
  return found
}

export const isMatured = ({ box, index }: Holding): boolean => box.end <= knownUntil(index)
export const isBegun = ({ box, index }: Holding): boolean => box.start < knownUntil(index)

export type Joinable = { whole: bigint; axis: number; at: bigint; most: bigint }

const lesser = (a: bigint, b: bigint): bigint => (b < a ? b : a)

const full = (box: ModelBox): boolean => box.lo === 0n && box.hi === MAX

/** Everything that two of the holdings are parts of, wherever they came from. */
export function joinables(holdings: readonly Holding[]): Joinable[] {
  const found: Joinable[] = []
  for (const a of holdings) {
    for (const b of holdings) {
      if (a.box.short !== b.box.short || a.box.index !== b.box.index) continue
      const most = lesser(a.balance, b.balance)
      const whole = wholeOf(a.box, b.box)
      if (whole !== undefined) found.push({ ...whole, most })
    }
  }
  return found
}

function wholeOf(a: ModelBox, b: ModelBox): Omit<Joinable, 'most'> | undefined {
  const sameMask = a.mask === b.mask
  const sameTime = a.start === b.start && a.end === b.end
  if (sameMask && sameTime && a.hi === b.lo) return { whole: write({ ...a, hi: b.hi }), axis: 2, at: a.hi }
  if (!full(a) || !full(b)) return undefined
  if (sameMask && a.end === b.start) return { whole: write({ ...a, end: b.end }), axis: 1, at: BigInt(a.end) }
  const disjoint = components(a.mask).every((k) => !components(b.mask).includes(k))
  if (!sameTime || !disjoint) return undefined
  return { whole: write({ ...a, mask: a.mask + b.mask }), axis: 0, at: BigInt(a.mask) }
}

/** Longs of which the actor holds the other side too. */
export function pairs(state: State, actor: string, holdings: readonly Holding[]): Holding[] {
  return holdings
    .filter(({ box }) => !box.short)
    .map((long) => {
      const other = balanceOf(state, actor, write(mirrored(long.index, long.box)))
      return { ...long, balance: lesser(other, long.balance) }
    })
    .filter(({ balance }) => balance > 0n)
}

/** A box of the index that mostly can exist, or one that was used before. */
export function someBox(state: State, random: Random, number: number): bigint {
  const index = state.indices[number - 1]
  if (index === undefined) return 0n
  const used = [...state.supplies.keys()].filter((id) => read(id).index === number)
  if (used.length > 0 && !random.oneIn(2)) return random.pick(used)
  const days = Math.min(EPOCHS, LAST_EPOCH - index.first)
  // Many begin with the index, so that many end while the history lasts.
  const start = index.first + (random.oneIn(2) ? 0 : random.int(days))
  const box: ModelBox = {
    short: false,
    mask: random.oneIn(2) ? 2 ** index.caps.length - 1 : 1 + random.int(2 ** index.caps.length - 1),
    index: number,
    start,
    end: start + 1 + random.int(days + index.first - start),
    lo: 0n,
    hi: MAX,
  }
  return write(random.oneIn(2) ? box : { ...box, ...someStrikes(random, topOf(index, box)) })
}

function someStrikes(random: Random, top: bigint): { lo: bigint; hi: bigint } {
  const a = someStrike(random, top)
  const b = someStrike(random, top)
  const [lo, hi] = a < b ? [a, b] : [b, a]
  return { lo, hi: hi >= top || hi === lo ? MAX : hi }
}

/** Quarters of the top, so that strikes meet again; the ends and one beside them; or anything. */
function someStrike(random: Random, top: bigint): bigint {
  const quarter = (top * random.big(4n)) / 4n
  return random.weighted([
    [6, quarter],
    [1, 0n],
    [1, 1n],
    [1, top - 1n],
    [3, random.big(top)],
  ])
}

export function someCut(random: Random, { box, index }: Holding): { axis: number; at: bigint } {
  const strike = () => {
    const ceiling = box.hi === MAX ? topOf(index, box) : box.hi
    const inside = ceiling - box.lo - 1n
    const middle = (box.lo + ceiling) / 2n
    return inside > 0n && random.oneIn(2) ? box.lo + 1n + random.big(inside) : middle
  }
  if (!full(box) || random.oneIn(2)) return { axis: 2, at: strike() }
  const days = box.end - box.start
  if (days > 1 && random.oneIn(2)) return { axis: 1, at: BigInt(box.start + 1 + random.int(days - 1)) }
  const all = components(box.mask)
  if (all.length < 2) return { axis: 2, at: strike() }
  const kept = all.filter(() => random.oneIn(2))
  const chosen = kept.length === 0 || kept.length === all.length ? [random.pick(all)] : kept
  return { axis: 0, at: chosen.reduce((mask, k) => mask + 2n ** BigInt(k), 0n) }
}

/** All of it, or some of it, and rarely more. */
export function someOf(random: Random, most: bigint): bigint {
  if (random.oneIn(40)) return most + 1n
  return random.oneIn(3) ? most : 1n + random.big(most)
}
