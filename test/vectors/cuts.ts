import { readFileSync, writeFileSync } from 'node:fs'
import {
  MAX,
  type ModelBox,
  type ModelIndex,
  mirrored,
  partsOf,
  read,
  requireCanonical,
  topOf,
  write,
} from '../model/boxes.ts'
import { bounds, realised } from '../model/cashVerbs.ts'
import { randomFrom } from '../model/random.ts'
import { Refused } from '../model/refused.ts'

// Writes cuts.json with the exact fractions of test/model, which shares nothing with the contract or its twin.
// `node --import tsx test/vectors/cuts.ts`; with --check it only says whether the file is as it would write it.

type World = { first: number; tick: bigint; caps: bigint[]; days: number; boxes: number }

const target = new URL('cuts.json', import.meta.url)
const worlds: World[] = [
  { first: 0, tick: 10n ** 9n, caps: [58_000n * 10n ** 9n, 6_000n * 10n ** 9n], days: 4, boxes: 14 },
  // Quantities of 1e36 and more times a tick of 1: every unit shows.
  { first: 100, tick: 1n, caps: [5n, 3n], days: 4, boxes: 18 },
  { first: 7, tick: 10n ** 12n, caps: [40n, 7n, 1n], days: 3, boxes: 14 },
  { first: 0, tick: 10n ** 6n, caps: [9n, 1n, 400n, 77n, 5n, 1_000_003n, 2n, 60n], days: 3, boxes: 10 },
]

const hex = (id: bigint) => `0x${id.toString(16).padStart(64, '0')}`
const text = (values: readonly bigint[]) => values.map(String)

function worldVectors({ first, tick, caps, days, boxes: count }: World, seed: number) {
  const random = randomFrom(seed)
  const rewards = Array.from({ length: days }, (_, day) =>
    // On a tick, one beside it, anywhere.
    caps.map((cap) => {
      const whole = random.big(cap + 1n) * tick
      if (day === 0) return whole
      if (day === 1) return whole > 0n && random.oneIn(2) ? whole - 1n : whole < cap * tick ? whole + 1n : whole
      return random.big(cap * tick + 1n)
    }),
  )
  const sums = rewards.reduce<bigint[][]>(
    (all, day) => [...all, day.map((reward, k) => reward + (all.at(-1)?.[k] ?? 0n))],
    [caps.map(() => 0n)],
  )
  const index: ModelIndex = { token: '', source: '', network: 1, first, tick, caps, sums, reserve: 0n }
  const ids = boxesOf(index, count, days + 2, random)
  return {
    tick: String(tick),
    firstEpoch: first,
    caps: text(caps),
    rewards: text(rewards.flat()),
    parts: partVectors(index, ids),
    realised: realiseVectors(index, ids, random),
    bounds: boundVectors(index, ids),
  }
}

/** Full boxes and slices of both sides, with strikes on what was earned, one beside it, and at both ends. */
function boxesOf(index: ModelIndex, count: number, span: number, random: ReturnType<typeof randomFrom>): bigint[] {
  const ids = new Set<bigint>()
  while (ids.size < 2 * count) {
    const start = index.first + random.int(span - 1)
    const mask = 1 + random.int(2 ** index.caps.length - 1)
    const end = start + 1 + random.int(index.first + span - start)
    const full: ModelBox = { short: false, mask, index: 1, start, end, lo: 0n, hi: MAX }
    const top = topOf(index, full)
    const earned = index.sums.at(-1)?.reduce((sum, each) => sum + each, 0n) ?? 0n
    const near = earned / index.tick + BigInt(random.int(3) - 1)
    const strikes = [0n, 1n, top - 1n, near, random.big(top)]
    const [a, b] = [random.pick(strikes), random.pick([MAX, ...strikes])]
    const box = random.oneIn(3) ? full : { ...full, lo: a, hi: b }
    try {
      ids.add(write(requireCanonical(index, write(box))))
      ids.add(write(mirrored(index, box)))
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }
  return [...ids]
}

function partVectors(index: ModelIndex, ids: readonly bigint[]) {
  const rows = ids.flatMap((whole) => {
    const box = read(whole)
    const ceiling = box.hi === MAX ? topOf(index, box) : box.hi
    const strikes = [box.lo, box.lo + 1n, (box.lo + ceiling) / 2n, ceiling - 1n, ceiling]
    const epochs = [box.start, box.start + 1, box.end - 1, box.end].map(BigInt)
    const masks = [0n, 1n, 2n, BigInt(box.mask), BigInt(box.mask & (box.mask - 1)), 256n]
    const of = (axis: number, ats: readonly bigint[]) => ats.map((at) => partVector(index, whole, axis, at))
    return [...of(2, strikes), ...of(1, epochs), ...of(0, masks)]
  })
  return columns(rows)
}

function partVector(index: ModelIndex, whole: bigint, axis: number, at: bigint) {
  const row = { whole: hex(whole), axis, at: String(at) }
  const { error, value } = attempt(() => partsOf(index, whole, axis, at).map((part) => hex(write(part))))
  return { ...row, error, first: value?.[0] ?? hex(0n), second: value?.[1] ?? hex(0n) }
}

function realiseVectors(index: ModelIndex, ids: readonly bigint[], random: ReturnType<typeof randomFrom>) {
  const rows = ids.flatMap((id) => {
    const box = read(id)
    const untils = [box.start, box.start + 1, box.start + 2, box.end, box.end + 1]
    return untils.map((until) => {
      const bits = random.pick([1n, 60n, 60n, 90n, 120n])
      const quantity = 1n + random.big(2n ** bits)
      const { error, value } = attempt(() => realised(index, box, until, quantity))
      const [cash, rest] = value ?? [0n, 0n]
      return { id: hex(id), until, quantity: String(quantity), error, cash: String(cash), rest: hex(rest) }
    })
  })
  return columns(rows)
}

function boundVectors(index: ModelIndex, ids: readonly bigint[]) {
  return columns(
    ids.map((id) => {
      const [least, most] = bounds(index, read(id))
      return { id: hex(id), least: String(least), most: String(most) }
    }),
  )
}

function attempt<T>(make: () => T): { error: string; value: T | undefined } {
  try {
    return { error: '', value: make() }
  } catch (error) {
    if (error instanceof Refused) return { error: error.error, value: undefined }
    throw error
  }
}

/** One array for each field: forge reads those, and no arrays of objects. */
function columns<T extends Record<string, unknown>>(rows: readonly T[]): { [K in keyof T]: T[K][] } {
  const names = Object.keys(rows[0] ?? {})
  // Safe: each row has the fields of the first.
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])])) as {
    [K in keyof T]: T[K][]
  }
}

const about = 'Cuts, realisations and bounds by exact fractions: test/vectors/README.md'
const written = `${JSON.stringify({ about, worlds: worlds.map((each, i) => worldVectors(each, i + 1)) }, null, 1)}\n`
if (process.argv.includes('--check')) process.exitCode = readFileSync(target, 'utf8') === written ? 0 : 1
else writeFileSync(target, written)
