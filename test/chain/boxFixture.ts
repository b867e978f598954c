import fc from 'fast-check'
import { type Box, type BoxTerms, MAX_STRIKE } from '../../chain/box.ts'
import type { Known } from '../../chain/boxCuts.ts'

/** An index of two components, of which some days are known and the others will come. */
export type Path = BoxTerms & { rewards: readonly (readonly bigint[])[]; knownUntil: number }

const FIRST = 10
const DAYS = 8
const coarse = { tick: 10n ** 9n, caps: [58_000n, 6_000n] }
const fine = { tick: 1n, caps: [7n, 4n] }

/** A path that may end or pause on a tick, beside one, at a cap or at nothing. */
export const paths: fc.Arbitrary<Path> = fc.constantFrom(coarse, fine).chain(({ tick, caps }) =>
  fc.record({
    firstEpoch: fc.constant(FIRST),
    tick: fc.constant(tick),
    caps: fc.constant(caps),
    knownUntil: fc.integer({ min: FIRST, max: FIRST + DAYS }),
    rewards: fc.array(fc.tuple(...caps.map((cap) => rewardsBelow(cap, tick))), {
      minLength: DAYS,
      maxLength: DAYS,
    }),
  }),
)

function rewardsBelow(cap: bigint, tick: bigint): fc.Arbitrary<bigint> {
  const onTicks = fc.bigInt({ min: 0n, max: cap }).map((ticks) => ticks * tick)
  return fc.oneof(fc.bigInt({ min: 0n, max: cap * tick }), onTicks, fc.constantFrom(0n, cap * tick))
}

export const indices: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 64n })

/** What a mask earned, known or not. */
export function earnedOn({ rewards, firstEpoch }: Path, mask: number, from: number, until: number): bigint {
  return rewards
    .slice(from - firstEpoch, until - firstEpoch)
    .flatMap((day) => day.filter((_, k) => (mask >> k) & 1))
    .reduce((sum, reward) => sum + reward, 0n)
}

export function knownOf(path: Path): Known {
  return { knownUntil: path.knownUntil, earned: (...span) => earnedOn(path, ...span) }
}

/** A full box of either side somewhere on the path. */
export const fullBoxes: fc.Arbitrary<Box> = fc
  .record({
    side: fc.constantFrom('long' as const, 'short' as const),
    mask: fc.constantFrom(1, 2, 3, 3),
    start: fc.integer({ min: FIRST, max: FIRST + DAYS - 1 }),
    length: fc.integer({ min: 1, max: DAYS }),
  })
  .map(({ side, mask, start, length }) => ({
    side,
    mask,
    index: 1,
    start,
    end: Math.min(start + length, FIRST + DAYS),
    lo: 0n,
    hi: MAX_STRIKE,
  }))
