import {
  type ModelBox,
  type ModelIndex,
  mirrored,
  payoff,
  read,
  requireCanonical,
  restOf,
  sideBetween,
  topOf,
  widthOf,
  write,
} from './boxes.ts'
import { down, type Exact, exact, times, up } from './exact.ts'
import { create, destroy, NOBODY, requireRoom } from './positions.ts'
import { ARITHMETIC, Refused } from './refused.ts'
import { indexOf, keyOf, moveCash, type State } from './state.ts'

const NOWHERE = 0n
const RESERVE_LIMIT = 2n ** 96n - 1n

/** What a quantity of index value is in reward tokens, exactly: both are scaled by 1e18. */
export const worth = (quantity: bigint, value: Exact): Exact =>
  times(times(exact(quantity, 10n ** 18n), exact(1n, 10n ** 18n)), value)

export function escrow(
  state: State,
  caller: string,
  { long, quantity, longTo, shortTo }: { long: bigint; quantity: bigint; longTo: string; shortTo: string },
): bigint {
  if (read(long).short) throw new Refused('NotLong', long)
  const index = indexOf(state, read(long).index)
  if (quantity === 0n) throw new Refused('QuantityZero')
  if (longTo === NOBODY || shortTo === NOBODY) throw new Refused('ERC6909InvalidReceiver', NOBODY)
  requireRoom(state, long, quantity)
  requireRoom(state, write(mirrored(index, read(long))), quantity)
  const box = requireCanonical(index, long)
  const cash = up(worth(quantity, widthOf(index, box)))
  if (index.reserve + cash > RESERVE_LIMIT)
    throw new Refused('ReserveTooLarge', index.reserve + cash, RESERVE_LIMIT)
  index.reserve += cash
  create(state, long, longTo, quantity)
  create(state, write(mirrored(index, box)), shortTo, quantity)

  const { ledger } = state.world
  const had = state.cash.get(keyOf(index.token, ledger)) ?? 0n
  if (!state.approved.has(keyOf(index.token, caller)) && cash > 0n) throw new Refused('Panic', ARITHMETIC)
  moveCash(state, index.token, caller, ledger, cash)
  const has = state.cash.get(keyOf(index.token, ledger)) ?? 0n
  if (has !== had + cash) throw new Refused('DepositNotExact', has, had + cash)
  return cash
}

export function merge(
  state: State,
  caller: string,
  { long, quantity, to }: { long: bigint; quantity: bigint; to: string },
): bigint {
  const [index] = longBox(state, long)
  destroy(state, long, caller, quantity)
  destroy(state, write(mirrored(index, read(long))), caller, quantity)
  return pay(state, index, down(worth(quantity, widthOf(index, read(long)))), to)
}

export function redeem(
  state: State,
  caller: string,
  { id, quantity, to }: { id: bigint; quantity: bigint; to: string },
): bigint {
  destroy(state, id, caller, quantity)
  const index = indexOf(state, read(id).index)
  return pay(state, index, matured(index, read(id), quantity), to)
}

export function redeemMany(
  state: State,
  caller: string,
  { ids, quantities, to }: { ids: bigint[]; quantities: bigint[]; to: string },
): bigint {
  const [first] = ids
  if (first === undefined || ids.length !== quantities.length)
    throw new Refused('LengthsDiffer', BigInt(ids.length), BigInt(quantities.length))
  const number = read(first).index
  const index = indexOf(state, number)
  let cash = 0n
  for (const [i, id] of ids.entries()) {
    if (read(id).index !== number) throw new Refused('IndicesDiffer', number, read(id).index)
    destroy(state, id, caller, quantities[i] ?? 0n)
    cash += matured(index, read(id), quantities[i] ?? 0n)
  }
  return pay(state, index, cash, to)
}

export function realise(
  state: State,
  caller: string,
  { id, until, quantity, to }: { id: bigint; until: number; quantity: bigint; to: string },
): [bigint, bigint] {
  destroy(state, id, caller, quantity)
  const index = indexOf(state, read(id).index)
  const [cash, rest] = realised(index, read(id), until, quantity)
  if (rest !== NOWHERE) create(state, rest, caller, quantity)
  return [pay(state, index, cash, to), rest]
}

/* WITHOUT CHANGE */

export function longBox(state: State, id: bigint): [ModelIndex, ModelBox] {
  if (read(id).short) throw new Refused('NotLong', id)
  return checkedBox(state, id)
}

export function checkedBox(state: State, id: bigint): [ModelIndex, ModelBox] {
  const index = indexOf(state, read(id).index)
  return [index, requireCanonical(index, id)]
}

export const knownUntil = (index: ModelIndex): number => index.first + index.sums.length - 1

export function matured(index: ModelIndex, box: ModelBox, quantity: bigint): bigint {
  if (box.end > knownUntil(index)) throw new Refused('NotMatured', box.end, knownUntil(index))
  return down(worth(quantity, payoff(index, box, sideBetween(index, box, box.end))))
}

export function realised(
  index: ModelIndex,
  box: ModelBox,
  until: number,
  quantity: bigint,
): [bigint, bigint] {
  const last = Math.min(box.end, knownUntil(index))
  if (until <= box.start || until > last) throw new Refused('RealisedOutside', until, box.start, last)
  const value = sideBetween(index, box, until)
  const rest = restOf(index, box, until, value)
  return [down(worth(quantity, payoff(index, box, value))), rest === undefined ? NOWHERE : write(rest)]
}

/** The least and the most of one unit, after what is known. */
export function bounds(index: ModelIndex, box: ModelBox): [bigint, bigint] {
  const known = Math.max(box.start, Math.min(box.end, knownUntil(index)))
  const value = known === box.start ? exact(0n) : sideBetween(index, box, known)
  const open = known === box.end ? 0n : topOf(index, { ...box, start: known }) * index.tick
  const highest = exact(value.over + open * value.under, value.under)
  return [down(payoff(index, box, value)), down(payoff(index, box, highest))]
}

function pay(state: State, index: ModelIndex, cash: bigint, to: string): bigint {
  // The theorem: this never happens.
  if (cash > index.reserve) throw new Error(`the model's reserve of ${index.reserve} cannot pay ${cash}`)
  index.reserve -= cash
  if (cash > 0n) moveCash(state, index.token, state.world.ledger, to, cash)
  return cash
}
