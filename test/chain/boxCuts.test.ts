import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { z } from 'zod'
import { root } from '../../chain/artifacts.ts'
import {
  type Box,
  type BoxTerms,
  boxIdToHex,
  MAX_STRIKE,
  mirrorOf,
  packBox,
  payoffOf,
  redeemCash,
  topTicksOf,
  unpackBox,
  VALUE_SCALE,
} from '../../chain/box.ts'
import {
  boundsOf,
  type Cut,
  isFull,
  type Known,
  partsOf,
  possiblePayoffOf,
  realise,
  redeemManyCash,
} from '../../chain/boxCuts.ts'
import { EarnedAboveTopError, IndicesDifferError, NotMaturedError } from '../../chain/boxErrors.ts'
import { BaseError } from '../../chain/errors.ts'
import { earnedOn, fullBoxes, indices, knownOf, type Path, paths } from './boxFixture.ts'

const integers = z.array(z.string().transform(BigInt))
const world = z.object({
  tick: z.string().transform(BigInt),
  firstEpoch: z.number(),
  caps: integers,
  rewards: integers,
  parts: z.object({
    whole: z.array(z.string()),
    axis: z.array(z.number()),
    at: integers,
    error: z.array(z.string()),
    first: z.array(z.string()),
    second: z.array(z.string()),
  }),
  realised: z.object({
    id: z.array(z.string()),
    until: z.array(z.number()),
    quantity: integers,
    error: z.array(z.string()),
    cash: integers,
    rest: z.array(z.string()),
  }),
  bounds: z.object({ id: z.array(z.string()), least: integers, most: integers }),
})
const vectors = z
  .object({ worlds: z.array(world) })
  .parse(JSON.parse(readFileSync(new URL('../vectors/cuts.json', import.meta.url), 'utf8')))

const axes = ['component', 'time', 'value'] as const
const NOTHING = boxIdToHex(0n)

describe('boxCuts vectors', () => {
  it('are what exact fractions give', () => {
    const args = ['--import', 'tsx', 'test/vectors/cuts.ts', '--check']
    assert.equal(spawnSync(process.execPath, args, { cwd: root }).status, 0)
  })

  for (const [i, { parts, realised, bounds, ...terms }] of vectors.worlds.entries()) {
    const known = knownOfWorld(terms)

    it(`cuts as the ledger does in world ${i}`, () => {
      assert.ok(parts.whole.length > 20)
      for (const [at, id] of parts.whole.entries()) {
        const cut: Cut = { axis: axes[parts.axis[at] ?? 0] ?? 'value', at: parts.at[at] ?? 0n }
        const attempt = () => partsOf(unpackBox(BigInt(id)), terms, cut)
        if (refuses(attempt, parts.error[at])) continue
        const given = attempt().map((box) => boxIdToHex(packBox(box)))
        assert.deepEqual(given, [parts.first[at], parts.second[at]], `${id} at ${cut.at}`)
      }
    })

    it(`realises as the ledger does in world ${i}`, () => {
      assert.ok(realised.id.length > 20)
      for (const [at, id] of realised.id.entries()) {
        const [until, quantity] = [realised.until[at] ?? 0, realised.quantity[at] ?? 0n]
        const attempt = () => realise(unpackBox(BigInt(id)), terms, { until, quantity, known })
        if (refuses(attempt, realised.error[at])) continue
        const { cash, rest } = attempt()
        assert.equal(cash, realised.cash[at], `${id} until ${until}`)
        assert.equal(
          rest === undefined ? NOTHING : boxIdToHex(packBox(rest)),
          realised.rest[at],
          `${id} ${until}`,
        )
      }
    })

    it(`bounds as the ledger does in world ${i}`, () => {
      assert.ok(bounds.id.length > 10)
      for (const [at, id] of bounds.id.entries()) {
        const expected = { least: bounds.least[at], most: bounds.most[at] }
        assert.deepEqual(boundsOf(unpackBox(BigInt(id)), terms, known), expected, id)
      }
    })
  }
})

/** A box of either side, cut out of a full one. */
const slices = fc
  .record({ path: paths, full: fullBoxes, a: indices, b: indices })
  .map(({ path, full, a, b }) => {
    const top = topTicksOf(full, path)
    const [lo, other] = [a % top, b % (2n * top)]
    const box: Box = { ...full, lo, hi: other > lo && other < top ? other : MAX_STRIKE }
    return { path, box, top }
  })

const earnedBy = (path: Path, box: Box) => earnedOn(path, box.mask, box.start, box.end)
const pays = (path: Path, box: Box) => payoffOf(box, path, earnedBy(path, box))

describe('boxCuts', () => {
  it('makes parts that pay what the whole pays, on every path and axis', () => {
    fc.assert(
      fc.property(slices, fc.constantFrom(...axes), indices, ({ path, box }, axis, at) => {
        const cut = possibleCut(path, box, axis, at)
        if (cut === undefined) return
        const [first, second] = partsOf(box, path, cut)
        assert.equal(pays(path, first) + pays(path, second), pays(path, box))
        assert.notDeepEqual(first, second)
      }),
    )
  })

  it('cuts the mirror into the mirrors of the parts', () => {
    fc.assert(
      fc.property(slices, indices, ({ path, box, top }, at) => {
        const cut = possibleCut(path, box, 'value', at)
        if (cut === undefined) return
        const [first, second] = partsOf(box, path, cut).map((part) => mirrorOf(part, path))
        const mirrored = partsOf(mirrorOf(box, path), path, { axis: 'value', at: top - cut.at })
        assert.deepEqual(mirrored, [second, first])
      }),
    )
  })

  it('realises now and later what it would have paid at once, less at most two ticks and two base units', () => {
    fc.assert(
      fc.property(slices, indices, fc.bigInt({ min: 1n, max: 10n ** 36n }), ({ path, box }, at, quantity) => {
        const last = Math.min(box.end, path.knownUntil)
        if (last <= box.start) return
        const until = box.start + 1 + Number(at % BigInt(last - box.start))
        const { cash, rest } = realise(box, path, { until, quantity, known: knownOf(path) })
        const later = rest === undefined ? 0n : redeemCash(rest, path, quantity, earnedBy(path, rest))
        const atOnce = redeemCash(box, path, quantity, earnedBy(path, box))
        const lost = (2n * path.tick * quantity) / VALUE_SCALE + 2n
        assert.ok(cash + later <= atOnce && cash + later + lost >= atOnce, `${cash} ${later} ${atOnce}`)
      }),
    )
  })

  it('realises at its end what redeem pays, and leaves nothing', () => {
    fc.assert(
      fc.property(slices, fc.bigInt({ min: 1n, max: 10n ** 30n }), ({ path, box }, quantity) => {
        const known = { ...knownOf(path), knownUntil: box.end }
        const { cash, rest } = realise(box, path, { until: box.end, quantity, known })
        assert.equal(rest, undefined)
        assert.equal(cash, redeemManyCash([{ box, quantity }], path, known))
      }),
    )
  })

  it('writes a ceiling that comes to the new top as MAX', () => {
    const box: Box = { side: 'long', mask: 1, index: 1, start: 0, end: 2, lo: 1n, hi: 7n }
    const terms: BoxTerms = { firstEpoch: 0, tick: 1n, caps: [5n] }
    const known: Known = { knownUntil: 1, earned: () => 2n }
    const { rest } = realise(box, terms, { until: 1, quantity: 1n, known })
    assert.deepEqual(rest, { ...box, start: 1, lo: 0n, hi: MAX_STRIKE })
  })

  it('has the payoff within its bounds, which meet at the end', () => {
    fc.assert(
      fc.property(slices, ({ path, box }) => {
        const { least, most } = boundsOf(box, path, knownOf(path))
        assert.ok(least <= pays(path, box) && pays(path, box) <= most)
        if (box.end <= path.knownUntil) assert.equal(least, most)
        assert.equal(possiblePayoffOf(box, path, earnedBy(path, box)), pays(path, box))
      }),
    )
  })

  it('redeems many as each alone, and refuses two indices and what has not ended', () => {
    const box: Box = { side: 'long', mask: 1, index: 1, start: 0, end: 2, lo: 0n, hi: MAX_STRIKE }
    const terms: BoxTerms = { firstEpoch: 0, tick: 10n ** 18n, caps: [5n] }
    const known: Known = { knownUntil: 2, earned: () => 3n * 10n ** 18n }
    const half = { box, quantity: 10n ** 18n / 2n }
    assert.equal(redeemManyCash([half, half], terms, known), 2n)
    const foreign = { ...half, box: { ...box, index: 2 } }
    assert.throws(() => redeemManyCash([half, foreign], terms, known), IndicesDifferError)
    assert.throws(() => redeemManyCash([half], terms, { ...known, knownUntil: 1 }), NotMaturedError)
    assert.throws(() => possiblePayoffOf(box, terms, 10n ** 19n + 1n), EarnedAboveTopError)
  })
})

/** Whether the vectors want it refused; then it has to be, by the ledger's name for it. */
function refuses(attempt: () => unknown, error: string | undefined): boolean {
  if (error === undefined || error === '') return false
  assert.throws(attempt, (given) => given instanceof BaseError && given.name === `${error}Error`)
  return true
}

function possibleCut(path: Path, box: Box, axis: Cut['axis'], at: bigint): Cut | undefined {
  if (axis === 'value') {
    const ceiling = box.hi === MAX_STRIKE ? topTicksOf(box, path) : box.hi
    const inside = ceiling - box.lo - 1n
    return inside < 1n ? undefined : { axis, at: box.lo + 1n + (at % inside) }
  }
  if (!isFull(box)) return undefined
  if (axis === 'component') return box.mask === 3 ? { axis, at: 1n + (at % 2n) } : undefined
  const inside = BigInt(box.end - box.start - 1)
  return inside < 1n ? undefined : { axis, at: BigInt(box.start) + 1n + (at % inside) }
}

function knownOfWorld({ firstEpoch, caps, rewards }: BoxTerms & { rewards: readonly bigint[] }): Known {
  const days = rewards.length / caps.length
  const rows = Array.from({ length: days }, (_, d) => rewards.slice(d * caps.length, (d + 1) * caps.length))
  const path: Path = { firstEpoch, caps, tick: 1n, rewards: rows, knownUntil: firstEpoch + days }
  return knownOf(path)
}
