import { encodeAbiParameters, keccak256 } from 'viem'
import type { ModelIndex } from './boxes.ts'
import { ARITHMETIC, Refused } from './refused.ts'

/** Everything the model knows. Keys join accounts and ids with a space. */
export type State = {
  world: World
  indices: ModelIndex[]
  balances: Map<string, bigint>
  supplies: Map<bigint, bigint>
  operators: Set<string>
  allowances: Map<string, bigint>
  facades: Set<bigint>
  /** Of the reward tokens. */
  cash: Map<string, bigint>
  /** Of which tokens the ledger may take all that an actor has. */
  approved: Set<string>
  /** What the honest source will say. */
  said: Map<string, bigint[]>
  mood: bigint
}

/** Addresses that both sides know. Tokens move what they say; the last keeps one base unit of each move. */
export type World = {
  ledger: string
  honest: string
  hostile: string
  tokens: readonly string[]
  actors: readonly string[]
}

export function freshState(world: World): State {
  return {
    world,
    indices: [],
    balances: new Map(),
    supplies: new Map(),
    operators: new Set(),
    allowances: new Map(),
    facades: new Set(),
    cash: new Map(),
    approved: new Set(),
    said: new Map(),
    mood: 0n,
  }
}

/** What is done in the copy is not done in the original. */
export function copyOf(state: State): State {
  return {
    ...state,
    indices: state.indices.map((index) => ({ ...index, sums: [...index.sums] })),
    balances: new Map(state.balances),
    supplies: new Map(state.supplies),
    operators: new Set(state.operators),
    allowances: new Map(state.allowances),
    facades: new Set(state.facades),
    cash: new Map(state.cash),
    approved: new Set(state.approved),
    said: new Map(state.said),
  }
}

export const keyOf = (...parts: readonly (string | number | bigint)[]): string => parts.join(' ')

export function balanceOf(state: State, account: string, id: bigint): bigint {
  return state.balances.get(keyOf(account, id)) ?? 0n
}

export function indexOf(state: State, number: number): ModelIndex {
  const index = state.indices[number - 1]
  if (index === undefined) throw new Refused('NoSuchIndex', number)
  return index
}

/* TOKENS */

export function moveCash(state: State, token: string, from: string, to: string, amount: bigint): void {
  const at = (account: string) => state.cash.get(keyOf(token, account)) ?? 0n
  if (at(from) < amount) throw new Refused('Panic', ARITHMETIC)
  state.cash.set(keyOf(token, from), at(from) - amount)
  state.cash.set(keyOf(token, to), at(to) + amount)
  if (token !== state.world.tokens.at(-1)) return
  if (at(to) === 0n) throw new Refused('Panic', ARITHMETIC)
  state.cash.set(keyOf(token, to), at(to) - 1n)
}

/* SOURCES */

/** What the source of an index answers for a day. */
export function rewardsOf(state: State, index: ModelIndex, day: number): bigint[] {
  if (index.source === state.world.hostile) return hostileRewards(state.mood, day)
  const said = state.said.get(keyOf(index.network, day))
  if (said === undefined || said.length === 0) throw new Refused('DayNotFinal', index.network, day)
  return said
}

function hostileRewards(mood: bigint, day: number): bigint[] {
  const all = 2n ** 256n - 1n
  switch (mood % 5n) {
    case 1n:
      return [all, all]
    case 2n:
      return [
        BigInt(keccak256(encodeAbiParameters([{ type: 'uint256' }, { type: 'uint24' }], [mood, day]))),
        0n,
      ]
    case 3n:
      return [0n, 0n, 0n, 0n, 0n]
    default:
      // Nothing; and where it tried to poke from within, nothing as well.
      return [0n, 0n]
  }
}
