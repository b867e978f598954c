import type { Step, Terms } from './operation.ts'
import type { Random } from './random.ts'
import type { World } from './state.ts'

/** How far the histories go from the first epoch of an index. */
export const EPOCHS = 6

const FIRST = 100
export const LAST_EPOCH = 2 ** 24 - 1
const RICH = 2n ** 120n

type Kind = Pick<Terms, 'firstEpoch' | 'tick' | 'caps'>

const kinds = {
  bitcoin: { firstEpoch: FIRST, tick: 10n ** 9n, caps: [58_000n * 10n ** 9n, 6_000n * 10n ** 9n] },
  /** Strikes of single units, where every rounding shows. */
  tiny: { firstEpoch: FIRST, tick: 1n, caps: [5n, 3n] },
  coarse: { firstEpoch: FIRST, tick: 10n ** 18n, caps: [40n, 7n, 1n] },
  many: { firstEpoch: 0, tick: 10n ** 6n, caps: [9n, 1n, 400n, 77n, 5n, 1_000_003n, 2n, 60n] },
  /** A few days are all that fits, so that creation is refused and, without boxes, a poke fails. */
  huge: { firstEpoch: FIRST, tick: 2n ** 64n - 1n, caps: [2n ** 62n, 2n ** 62n] },
  /** Runs into the last epoch there is. */
  late: { firstEpoch: LAST_EPOCH - 4, tick: 10n ** 9n, caps: [1_000n, 3n] },
} satisfies Record<string, Kind>

const [NETWORK_A, NETWORK_B, NETWORK_C, NETWORK_D] = [1, 2, 3, 4]

/** Four indices: an honest one, one with a hostile source, one in a token without answers, one in a token with a fee. */
export function setUp(world: World, random: Random): Step[] {
  const [plain = '', silent = '', fee = ''] = world.tokens
  const { bitcoin, tiny, coarse, many, huge, late } = kinds
  const terms: Terms[] = [
    { token: plain, source: world.honest, network: NETWORK_A, ...random.pick([bitcoin, tiny, coarse, many]) },
    { token: plain, source: world.hostile, network: NETWORK_B, ...random.pick([bitcoin, tiny, late]) },
    { token: silent, source: world.honest, network: NETWORK_C, ...random.pick([bitcoin, tiny, huge, late]) },
    { token: fee, source: world.honest, network: NETWORK_D, ...bitcoin },
  ]
  const steps: Step[] = terms.map((each) => ({ actor: 0, operation: { verb: 'register', terms: each } }))
  for (const [actor, to] of world.actors.entries()) {
    for (const token of world.tokens) {
      // The last actor is poor.
      const amount = actor === world.actors.length - 1 ? random.big(10n ** 9n) : RICH
      steps.push({ actor, operation: { verb: 'mint', token, to, amount } })
      steps.push({ actor, operation: { verb: 'approveCash', token } })
    }
  }
  return steps
}
