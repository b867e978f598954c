import { mirrored, read, topOf, write } from './boxes.ts'
import { knownUntil } from './cashVerbs.ts'
import {
  type Holding,
  holdingsOf,
  isBegun,
  isMatured,
  joinables,
  pairs,
  someBox,
  someCut,
  someOf,
} from './choices.ts'
import { startModel } from './ledgerModel.ts'
import { isAround, type Operation, type Step } from './operation.ts'
import { NOBODY } from './positions.ts'
import { type Random, randomFrom } from './random.ts'
import type { State, World } from './state.ts'
import { EPOCHS, setUp } from './worlds.ts'
import { wronged } from './wrong.ts'

/** `opening`: how many of the steps make the world that the history plays in. */
export type History = { seed: number; opening: number; steps: Step[] }

type Asked = { state: State; random: Random; actor: number; me: string }

/** A history of `length` operations of the ledger that follows from its seed, and in which most of them succeed. */
export function historyFrom(world: World, seed: number, length: number): History {
  const random = randomFrom(seed)
  const model = startModel(world)
  const steps = setUp(world, random)
  const opening = steps.length
  for (const step of steps) model.act(step)
  let count = 0
  while (count < length) {
    const actor = random.weighted([
      [5, 0],
      [5, 1],
      [1, 2],
    ])
    const asked = { state: model.state, random, actor, me: world.actors[actor] ?? '' }
    const wanted = someOperations(asked)
    const operations = random.oneIn(12) ? wanted.map((each) => wronged(asked, each)) : wanted
    for (const operation of operations) {
      steps.push({ actor, operation })
      model.act({ actor, operation })
      if (!isAround(operation)) count++
    }
  }
  return { seed, opening, steps }
}

function someOperations(asked: Asked): Operation[] {
  const choose = asked.random.weighted<(asked: Asked) => Operation[]>([
    [15, escrow],
    [14, merge],
    [18, split],
    [18, join],
    [20, realise],
    [20, redeem],
    [8, redeemMany],
    [14, poke],
    [6, transfer],
    [6, transferFrom],
    [3, facade],
    [4, multicall],
    [10, view],
    [1, register],
  ])
  return choose(asked)
}

const anyIndex = (random: Random): number =>
  random.weighted([
    [10, 1],
    [7, 2],
    [7, 3],
    [1, 4],
  ])

const someActor = ({ state, random }: Asked): string => random.pick(state.world.actors)

/** Mostly up to what the reserve can hold; rarely what it and the supply cannot. */
function someQuantity(random: Random): bigint {
  if (random.oneIn(40)) return 2n ** BigInt(118 + random.int(10)) - 1n
  return 1n + random.big(2n ** BigInt(1 + random.int(96)))
}

/* WHAT USERS ASK FOR: nothing where there is nothing to ask for. */

function escrow(asked: Asked): Operation[] {
  const { state, random } = asked
  const number = anyIndex(random)
  const id = someBox(state, random, number)
  const [box, index] = [read(id), state.indices[number - 1]]
  const long = box.short && index !== undefined ? write(mirrored(index, box)) : id
  // Mostly to one account, so that there is something to merge.
  const longTo = random.oneIn(3) ? someActor(asked) : asked.me
  return [
    {
      verb: 'escrow',
      long,
      quantity: someQuantity(random),
      longTo,
      shortTo: random.oneIn(3) ? someActor(asked) : longTo,
    },
  ]
}

function merge(asked: Asked): Operation[] {
  const { state, random, me } = asked
  const found = pairs(state, me, holdingsOf(state, me))
  if (found.length === 0) return []
  const { id, balance } = random.pick(found)
  return [{ verb: 'merge', long: id, quantity: someOf(random, balance), to: someActor(asked) }]
}

function held(
  { state, random, me }: Asked,
  suits: (holding: Holding) => boolean = () => true,
): Holding | undefined {
  const found = holdingsOf(state, me).filter(suits)
  return found.length === 0 ? undefined : random.pick(found)
}

function split(asked: Asked): Operation[] {
  const holding = held(asked)
  if (holding === undefined) return []
  const quantity = someOf(asked.random, holding.balance)
  return [{ verb: 'split', whole: holding.id, ...someCut(asked.random, holding), quantity }]
}

function join({ state, random, me }: Asked): Operation[] {
  const found = joinables(holdingsOf(state, me))
  if (found.length === 0) return []
  const { whole, axis, at, most } = random.pick(found)
  return [{ verb: 'join', whole, axis, at, quantity: someOf(random, most) }]
}

function realise(asked: Asked): Operation[] {
  const holding = held(asked, isBegun)
  if (holding === undefined) return []
  const { id, balance, box, index } = holding
  const last = Math.min(box.end, knownUntil(index))
  const until = box.start + 1 + asked.random.int(last - box.start)
  const quantity = someOf(asked.random, balance)
  const ask: Operation = { verb: 'realise', id, until, quantity, to: someActor(asked) }
  return asked.random.oneIn(3) ? [{ verb: 'previewRealise', id, until, quantity }, ask] : [ask]
}

function redeem(asked: Asked): Operation[] {
  const holding = held(asked, isMatured)
  if (holding === undefined) return []
  return [
    { verb: 'redeem', id: holding.id, quantity: someOf(asked.random, holding.balance), to: someActor(asked) },
  ]
}

function redeemMany(asked: Asked): Operation[] {
  const one = held(asked, isMatured)
  if (one === undefined) return []
  const all = holdingsOf(asked.state, asked.me).filter(
    (holding) => isMatured(holding) && (holding.box.index === one.box.index || asked.random.oneIn(30)),
  )
  const chosen = all.filter(() => !asked.random.oneIn(3)).slice(0, 6)
  const list = chosen.length === 0 ? [one] : chosen
  const quantities = list.map(({ balance }) => someOf(asked.random, balance))
  return [{ verb: 'redeemMany', ids: list.map(({ id }) => id), quantities, to: someActor(asked) }]
}

function poke({ state, random }: Asked): Operation[] {
  const number = anyIndex(random)
  const index = state.indices[number - 1]
  if (index === undefined || knownUntil(index) >= index.first + EPOCHS) return []
  const ask: Operation = { verb: 'poke', index: number }
  if (index.source === state.world.hostile) {
    // Two of five moods fail or say nothing: they shall not be most of the days.
    const mood = random.big(2n ** 64n) * 5n + random.pick([0n, 1n, 2n, 2n, 2n, 2n, 3n, 4n])
    return [{ verb: 'setMood', mood }, ask]
  }
  const rewards = index.caps.map((cap) => someReward(random, cap * index.tick, index.tick))
  const say: Operation = { verb: 'say', network: index.network, day: knownUntil(index), rewards }
  return random.oneIn(15) ? [ask] : [say, ask]
}

function someReward(random: Random, cap: bigint, tick: bigint): bigint {
  return random.weighted([
    [1, 0n],
    [1, cap],
    [1, cap + random.big(cap + 1n)],
    [2, (random.big(cap + 1n) / tick) * tick],
    [8, random.big(cap + 1n)],
  ])
}

function transfer(asked: Asked): Operation[] {
  const holding = held(asked)
  if (holding === undefined) return []
  const { id, balance } = holding
  return [{ verb: 'transfer', receiver: someActor(asked), id, amount: someOf(asked.random, balance) }]
}

/** Of another's, with leave mostly. */
function transferFrom(asked: Asked): Operation[] {
  const { state, random, me } = asked
  if (random.oneIn(2)) {
    const id = held(asked)?.id ?? 0n
    const amount = random.oneIn(4) ? 2n ** 256n - 1n : random.big(2n ** 90n)
    const spender = someActor(asked)
    return random.oneIn(2)
      ? [{ verb: 'approve', spender, id, amount }]
      : [{ verb: 'setOperator', spender, approved: !random.oneIn(3) }]
  }
  const sender = random.pick(state.world.actors)
  const found = holdingsOf(state, sender).filter(
    ({ id }) =>
      sender === me ||
      state.operators.has(`${sender} ${me}`) ||
      state.allowances.has(`${sender} ${me} ${id}`) ||
      random.oneIn(20),
  )
  if (found.length === 0) return []
  const { id, balance } = random.pick(found)
  return [{ verb: 'transferFrom', sender, receiver: someActor(asked), id, amount: someOf(random, balance) }]
}

function facade(asked: Asked): Operation[] {
  const holding = held(asked)
  if (holding === undefined) return []
  const { id, balance } = holding
  const amount = someOf(asked.random, balance)
  const move: Operation = { verb: 'facadeTransfer', id, receiver: someActor(asked), amount }
  return asked.state.facades.has(id) ? [move] : [{ verb: 'deployFacade', id }, move]
}

function multicall(asked: Asked): Operation[] {
  const makers = [escrow, merge, split, join, realise, redeem, transfer]
  // Each is chosen by the state before all of them, so some of these fail together.
  const calls = [0, 1, 2].flatMap(() => asked.random.pick(makers)(asked))
  return calls.length === 0 ? [] : [{ verb: 'multicall', calls }]
}

function view(asked: Asked): Operation[] {
  const { state, random } = asked
  const number = anyIndex(random)
  const index = state.indices[number - 1]
  const id = someBox(state, random, number)
  if (index === undefined || id === 0n) return []
  const box = read(id)
  const long = box.short && !random.oneIn(8) ? write(mirrored(index, box)) : id
  const quantity = someQuantity(random)
  const top = topOf(index, box) * index.tick
  const mine = held(asked)
  const matured = held(asked, isMatured)
  return [
    random.pick<Operation>([
      { verb: 'previewEscrow', id: long, quantity },
      { verb: 'previewMerge', id: long, quantity },
      { verb: 'payoffOf', id, earned: random.big(top + 2n) },
      { verb: 'boundsOf', id },
      { verb: 'mirrorOf', id },
      { verb: 'topTicksOf', id },
      { verb: 'totalSupply', id },
      { verb: 'hasFacade', id },
      ...(matured === undefined ? [] : [{ verb: 'previewRedeem' as const, id: matured.id, quantity }]),
      ...(mine === undefined ? [] : [{ verb: 'partsOf' as const, whole: mine.id, ...someCut(random, mine) }]),
    ]),
  ]
}

/** Mostly wrong: every history has its indices already. */
function register({ state, random }: Asked): Operation[] {
  const { world } = state
  const [token = '', source] = [random.pick([...world.tokens, NOBODY]), world.honest]
  const caps = Array.from({ length: random.int(10) }, () => random.big(9n))
  const terms = { token, source, network: 9, firstEpoch: 0, tick: random.big(4n), caps }
  return [{ verb: 'register', terms }]
}
