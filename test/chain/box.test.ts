import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { z } from 'zod'
import {
  type Box,
  type BoxTerms,
  boxIdToHex,
  canonicalBox,
  checkBox,
  escrowCash,
  MAX_STRIKE,
  mergeCash,
  mirrorOf,
  packBox,
  payoffOf,
  redeemCash,
  topTicksOf,
  unpackBox,
  VALUE_SCALE,
} from '../../chain/box.ts'
import {
  BaseError,
  BoxFieldError,
  EndsTooLateError,
  NotLongError,
  QuantityError,
  StartsBeforeIndexError,
} from '../../chain/errors.ts'

const integers = z.array(z.string().transform(BigInt))
const world = z.object({
  name: z.string(),
  tick: z.string().transform(BigInt),
  firstEpoch: z.number(),
  caps: integers,
  rewards: integers,
  sums: integers,
  boxes: z.object({
    id: z.array(z.string()),
    mirror: z.array(z.string()),
    isShort: z.array(z.boolean()),
    mask: z.array(z.number()),
    start: z.array(z.number()),
    end: z.array(z.number()),
    lo: integers,
    hi: integers,
    topTicks: integers,
    quantity: integers,
    escrow: integers,
    merge: integers,
    payout: integers,
  }),
})
const vectors = z
  .object({
    golden: world,
    tiny: world,
    three: world,
    eight: world,
    invalid: z.object({ id: z.array(z.string()), error: z.array(z.string()) }),
  })
  .parse(JSON.parse(readFileSync(new URL('../vectors/box.json', import.meta.url), 'utf8')))

const btc: BoxTerms = { firstEpoch: 0, tick: 10n ** 9n, caps: [58_000n * 10n ** 9n, 6_000n * 10n ** 9n] }

const boxes = fc.record({
  side: fc.constantFrom('long' as const, 'short' as const),
  mask: fc.integer({ min: 0, max: 0xff }),
  index: fc.integer({ min: 0, max: 0xffff_ffff }),
  start: fc.integer({ min: 0, max: 0xff_ffff }),
  end: fc.integer({ min: 0, max: 0xff_ffff }),
  lo: fc.bigInt({ min: 0n, max: MAX_STRIKE }),
  hi: fc.bigInt({ min: 0n, max: MAX_STRIKE }),
})

/** A canonical long of the BTC terms, a quantity and what the index earned. */
const positions = fc
  .record({
    mask: fc.constantFrom(1, 2, 3),
    start: fc.integer({ min: 0, max: 400 }),
    length: fc.integer({ min: 1, max: 400 }),
    a: fc.bigInt({ min: 0n, max: MAX_STRIKE }),
    b: fc.bigInt({ min: 0n, max: MAX_STRIKE }),
    share: fc.bigInt({ min: 0n, max: 10n ** 9n }),
    quantity: fc.bigInt({ min: 1n, max: 2n ** 128n - 1n }),
  })
  .map(({ mask, start, length, a, b, share, quantity }) => {
    const box: Box = { side: 'long', mask, index: 1, start, end: start + length, lo: 0n, hi: MAX_STRIKE }
    const top = topTicksOf(box, btc)
    const lo = a % top
    const long = canonicalBox({ ...box, lo, hi: lo + 1n + (b % (2n * top)) }, btc)
    return { long, quantity, earned: (top * btc.tick * share) / 10n ** 9n }
  })

describe('box vectors', () => {
  for (const name of ['golden', 'tiny', 'three', 'eight'] as const) {
    it(`agrees with the ledger on ${vectors[name].name}`, () => {
      const { boxes: columns, ...terms } = vectors[name]
      assert.ok(columns.id.length > 10)
      for (const [i, id] of columns.id.entries()) {
        const box = unpackBox(BigInt(id))
        assert.equal(boxIdToHex(packBox(box)), id)
        assert.deepEqual(
          [box.side === 'short', box.mask, box.start, box.end, box.lo, box.hi],
          [
            columns.isShort[i],
            columns.mask[i],
            columns.start[i],
            columns.end[i],
            columns.lo[i],
            columns.hi[i],
          ],
        )
        const mirror = mirrorOf(box, terms)
        const long = box.side === 'long' ? box : mirror
        const quantity = columns.quantity[i] ?? 0n
        assert.equal(boxIdToHex(packBox(mirror)), columns.mirror[i])
        assert.equal(topTicksOf(box, terms), columns.topTicks[i])
        assert.equal(escrowCash(long, terms, quantity), columns.escrow[i])
        assert.equal(mergeCash(long, terms, quantity), columns.merge[i])
        assert.equal(redeemCash(box, terms, quantity, earnedBy(box, terms)), columns.payout[i])
      }
    })
  }

  it('refuses what the ledger refuses, by the same name', () => {
    for (const [i, id] of vectors.invalid.id.entries()) {
      const expected = vectors.invalid.error[i]
      // Whether an index exists only the chain knows.
      if (expected === 'NoSuchIndex') continue
      assert.throws(
        () => checkBox(unpackBox(BigInt(id)), vectors.golden),
        (error) => error instanceof BaseError && error.name === `${expected}Error`,
      )
    }
  })
})

describe('box', () => {
  it('packs and unpacks every box', () => {
    fc.assert(fc.property(boxes, (box) => assert.deepEqual(unpackBox(packBox(box)), { ...box })))
  })

  it('refuses a field that does not fit', () => {
    const box: Box = { side: 'long', mask: 3, index: 1, start: 0, end: 1, lo: 0n, hi: MAX_STRIKE }
    for (const wrong of [
      { mask: 256 },
      { mask: -1 },
      { index: 2 ** 32 },
      { start: 0.5 },
      { end: 2 ** 24 },
      { lo: -1n },
      { hi: MAX_STRIKE + 1n },
    ]) {
      assert.throws(() => packBox({ ...box, ...wrong }), BoxFieldError)
    }
  })

  it('refuses a box that starts too early or ends too late', () => {
    const terms: BoxTerms = { firstEpoch: 10, tick: 10n ** 18n, caps: [10n ** 14n, 8n * 10n ** 13n] }
    const box: Box = { side: 'long', mask: 1, index: 1, start: 9, end: 20, lo: 0n, hi: MAX_STRIKE }
    assert.throws(() => checkBox(box, terms), StartsBeforeIndexError)
    // 2^128 / 1.8e32 epochs after the first: the components outside the mask count too.
    const lastEnd = 10 + Number((2n ** 128n - 1n) / (18n * 10n ** 31n))
    checkBox({ ...box, start: lastEnd - 1, end: lastEnd }, terms)
    assert.throws(() => checkBox({ ...box, start: lastEnd, end: lastEnd + 1 }, terms), EndsTooLateError)
  })

  it('refuses a short where a set is meant, and a quantity of nothing', () => {
    const box: Box = { side: 'long', mask: 3, index: 1, start: 0, end: 1, lo: 0n, hi: MAX_STRIKE }
    assert.throws(() => escrowCash(mirrorOf(box, btc), btc, 1n), NotLongError)
    assert.throws(() => mergeCash(box, btc, 0n), QuantityError)
    assert.throws(() => escrowCash(box, btc, 2n ** 128n), QuantityError)
  })

  it('mirrors back to itself', () => {
    fc.assert(
      fc.property(positions, ({ long }) => assert.deepEqual(mirrorOf(mirrorOf(long, btc), btc), long)),
    )
  })

  it('is worth its width together with its mirror, whatever the index earned', () => {
    fc.assert(
      fc.property(positions, ({ long, quantity, earned }) => {
        const short = mirrorOf(long, btc)
        const width = payoffOf(long, btc, earned) + payoffOf(short, btc, earned)
        assert.equal(mergeCash(long, btc, quantity), (quantity * width) / VALUE_SCALE)
        const paid = redeemCash(long, btc, quantity, earned) + redeemCash(short, btc, quantity, earned)
        const taken = escrowCash(long, btc, quantity)
        assert.ok(paid <= taken && taken <= paid + 2n)
      }),
    )
  })

  it('pays no more in parts than at once', () => {
    fc.assert(
      fc.property(positions, fc.bigInt({ min: 1n, max: 10n ** 20n }), ({ long, earned }, part) => {
        const twice = redeemCash(long, btc, 2n * part, earned)
        assert.ok(2n * redeemCash(long, btc, part, earned) <= twice)
      }),
    )
  })
})

/** What the components of the box earned over its interval, from the prefix sums of its world. */
function earnedBy(box: Box, { firstEpoch, caps, sums }: BoxTerms & { sums: readonly bigint[] }): bigint {
  const at = (epoch: number, k: number) => sums[(epoch - firstEpoch) * caps.length + k] ?? 0n
  return caps.reduce((sum, _, k) => ((box.mask >> k) & 1 ? sum + at(box.end, k) - at(box.start, k) : sum), 0n)
}
