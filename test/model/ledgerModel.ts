import { mirrored, partsOf, payoff, sideOf, topOf, widthOf, write } from './boxes.ts'
import {
  bounds,
  checkedBox,
  escrow,
  knownUntil,
  longBox,
  matured,
  merge,
  realise,
  realised,
  redeem,
  redeemMany,
  worth,
} from './cashVerbs.ts'
import { down, up } from './exact.ts'
import type { Operation, Outcome, Step, Terms } from './operation.ts'
import { allow, create, destroy, move, moveFor, NOBODY, setOperator } from './positions.ts'
import { ARITHMETIC, Refused } from './refused.ts'
import { copyOf, freshState, indexOf, keyOf, rewardsOf, type State, type World } from './state.ts'
import { LAST_EPOCH } from './worlds.ts'

/**
 * The whole ledger once more, from its interface and its derivation: exact fractions, plain maps, and copies of
 * everything where the contract rolls back. Slow, and nothing of it is shared with the contract or with `chain/`.
 */
export type Model = { state: State; act(step: Step): Outcome }

export function startModel(world: World): Model {
  const model: Model = {
    state: freshState(world),
    act: ({ actor, operation }) => {
      const next = copyOf(model.state)
      try {
        const returned = perform(next, world.actors[actor] ?? NOBODY, operation)
        model.state = next
        return { done: true, returned }
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        return { done: false, error: error.error, args: error.args }
      }
    },
  }
  return model
}

function perform(state: State, caller: string, operation: Operation): readonly unknown[] | undefined {
  switch (operation.verb) {
    case 'escrow':
      return [escrow(state, caller, operation)]
    case 'merge':
      return [merge(state, caller, operation)]
    case 'split':
      return split(state, caller, operation)
    case 'join':
      return join(state, caller, operation)
    case 'realise':
      return realise(state, caller, operation)
    case 'redeem':
      return [redeem(state, caller, operation)]
    case 'redeemMany':
      return [redeemMany(state, caller, operation)]
    case 'poke':
      return [poke(state, operation.index)]
    case 'multicall':
      return [operation.calls.map((call) => ({ call, returned: performInside(state, caller, call) }))]
    case 'register':
      return [register(state, operation.terms)]
    default:
      return performMove(state, caller, operation)
  }
}

/** Of a multicall, which puts an error of its own where a call fails without a word. */
function performInside(state: State, caller: string, call: Operation): readonly unknown[] | undefined {
  try {
    return perform(state, caller, call)
  } catch (error) {
    if (error instanceof Refused && error.error === 'Nothing') throw new Refused('FailedCall')
    throw error
  }
}

function performMove(state: State, caller: string, operation: Operation): readonly unknown[] | undefined {
  switch (operation.verb) {
    case 'transfer':
      return [move(state, { ...operation, from: caller, to: operation.receiver })]
    case 'transferFrom':
      return [moveFor(state, caller, { ...operation, from: operation.sender, to: operation.receiver })]
    case 'approve':
      return [allow(state, caller, operation.spender, operation.id, operation.amount)]
    case 'setOperator':
      return [setOperator(state, caller, operation.spender, operation.approved)]
    case 'deployFacade':
      return deployFacade(state, operation.id)
    case 'facadeTransfer':
      return facadeTransfer(state, caller, operation)
    case 'say':
      // The mock counts on to the next day, too.
      if (operation.day === LAST_EPOCH) throw new Refused('Panic', ARITHMETIC)
      state.said.set(keyOf(operation.network, operation.day), operation.rewards)
      return []
    case 'setMood':
      state.mood = operation.mood
      return []
    case 'mint': {
      const key = keyOf(operation.token, operation.to)
      state.cash.set(key, (state.cash.get(key) ?? 0n) + operation.amount)
      return []
    }
    case 'approveCash':
      state.approved.add(keyOf(operation.token, caller))
      return [true]
    default:
      return look(state, operation)
  }
}

/** Changes nothing. */
function look(state: State, operation: Operation): readonly unknown[] {
  switch (operation.verb) {
    case 'previewEscrow': {
      const [index, box] = longBox(state, operation.id)
      return [up(worth(operation.quantity, widthOf(index, box)))]
    }
    case 'previewMerge': {
      const [index, box] = longBox(state, operation.id)
      return [down(worth(operation.quantity, widthOf(index, box)))]
    }
    case 'previewRedeem':
      return [matured(...checkedBox(state, operation.id), operation.quantity)]
    case 'previewRealise':
      return realised(...checkedBox(state, operation.id), operation.until, operation.quantity)
    case 'partsOf':
      return checkedParts(state, operation)
    case 'payoffOf': {
      const [index, box] = checkedBox(state, operation.id)
      const max = topOf(index, box) * index.tick
      if (operation.earned > max) throw new Refused('EarnedAboveTop', operation.earned, max)
      return [down(payoff(index, box, sideOf(index, box, operation.earned)))]
    }
    case 'boundsOf':
      return bounds(...checkedBox(state, operation.id))
    case 'mirrorOf':
      return [write(mirrored(...checkedBox(state, operation.id)))]
    case 'topTicksOf':
      return [topOf(...checkedBox(state, operation.id))]
    case 'totalSupply':
      return [state.supplies.get(operation.id) ?? 0n]
    case 'hasFacade':
      return [state.facades.has(operation.id)]
    case 'reserveOf':
      return [indexOf(state, operation.index).reserve]
    case 'pokedUntil':
      return [knownUntil(indexOf(state, operation.index))]
    case 'cashOf':
      return [state.cash.get(keyOf(operation.token, operation.holder)) ?? 0n]
    case 'prefixSum':
      return [prefixSum(state, operation)]
    default:
      throw new Error(`the model does not know ${operation.verb}`)
  }
}

/* CUTS */

type Cut = { whole: bigint; axis: number; at: bigint }

function checkedParts(state: State, { whole, axis, at }: Cut): [bigint, bigint] {
  // The ABI has three values.
  if (axis > 2) throw new Refused('Nothing')
  const [index] = checkedBox(state, whole)
  const [first, second] = partsOf(index, whole, axis, at)
  return [write(first), write(second)]
}

function split(state: State, caller: string, cut: Cut & { quantity: bigint }): [bigint, bigint] {
  if (cut.axis > 2) throw new Refused('Nothing')
  destroy(state, cut.whole, caller, cut.quantity)
  const parts = checkedParts(state, cut)
  for (const part of parts) create(state, part, caller, cut.quantity)
  return parts
}

function join(state: State, caller: string, cut: Cut & { quantity: bigint }): [bigint, bigint] {
  const parts = checkedParts(state, cut)
  for (const part of parts) destroy(state, part, caller, cut.quantity)
  create(state, cut.whole, caller, cut.quantity)
  return parts
}

/* INDICES */

function register(state: State, terms: Terms): number {
  const { ledger, honest, hostile, tokens, actors } = state.world
  const code = [ledger, honest, hostile, ...tokens, ...actors]
  if (!code.includes(terms.token)) throw new Refused('TokenHasNoCode', terms.token)
  if (!code.includes(terms.source)) throw new Refused('SourceHasNoCode', terms.source)
  const count = terms.caps.length
  if (count < 1 || count > 8) throw new Refused('ComponentCountOutOfRange', BigInt(count), 8n)
  if (terms.tick === 0n) throw new Refused('TickZero')
  const uncapped = terms.caps.indexOf(0n)
  if (uncapped >= 0) throw new Refused('CapZero', BigInt(uncapped))
  const { token, source, network, firstEpoch: first, tick, caps } = terms
  const sums = [caps.map(() => 0n)]
  return state.indices.push({ token, source, network, first, tick, caps, sums, reserve: 0n })
}

function poke(state: State, number: number): number {
  const index = indexOf(state, number)
  const day = knownUntil(index)
  const rewards = rewardsOf(state, index, day)
  const count = index.caps.length
  if (rewards.length !== count) throw new Refused('WrongRewardCount', BigInt(rewards.length), BigInt(count))
  const next = rewards.map((reward, k) => {
    const cap = (index.caps[k] ?? 0n) * index.tick
    return (index.sums.at(-1)?.[k] ?? 0n) + (reward < cap ? reward : cap)
  })
  const tooLarge = next.find((sum) => sum >= 2n ** 128n)
  if (tooLarge !== undefined) throw new Refused('SafeCastOverflowedUintDowncast', 128, tooLarge)
  if (day === LAST_EPOCH) throw new Refused('Panic', ARITHMETIC)
  index.sums.push(next)
  return day
}

type Place = { index: number; component: number; epoch: number }

function prefixSum(state: State, { index: number, component, epoch }: Place): bigint {
  const index = indexOf(state, number)
  const count = index.caps.length
  if (component >= count) throw new Refused('ComponentOutside', component, count)
  const sums = index.sums[epoch - index.first]
  if (sums === undefined) throw new Refused('EpochOutsideIndex', epoch, index.first, knownUntil(index))
  return sums[component] ?? 0n
}

/* FACADES */

function deployFacade(state: State, id: bigint): undefined {
  checkedBox(state, id)
  if (state.facades.has(id)) throw new Refused('FacadeExists', id)
  state.facades.add(id)
}

type FacadeMove = { id: bigint; receiver: string; amount: bigint }

function facadeTransfer(
  state: State,
  caller: string,
  { id: given, receiver, amount }: FacadeMove,
): readonly unknown[] {
  // The address of a facade comes from the bits of its id that can differ.
  const id = given - (given % 2n ** 32n)
  // Where there is no code a call does nothing, and succeeds.
  if (!state.facades.has(id)) return []
  if (receiver === NOBODY) throw new Refused('ERC20InvalidReceiver', receiver)
  return [move(state, { from: caller, to: receiver, id, amount })]
}
