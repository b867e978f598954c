import { Refused } from './refused.ts'
import { balanceOf, keyOf, type State } from './state.ts'

export const NOBODY = '0x0000000000000000000000000000000000000000'
export const SUPPLY_LIMIT = 2n ** 120n - 1n
export const EVERYTHING = 2n ** 256n - 1n

export function requireRoom(state: State, id: bigint, quantity: bigint): void {
  const supply = (state.supplies.get(id) ?? 0n) + quantity
  if (supply > SUPPLY_LIMIT) throw new Refused('SupplyTooLarge', supply, SUPPLY_LIMIT)
}

export function create(state: State, id: bigint, to: string, quantity: bigint): void {
  requireRoom(state, id, quantity)
  state.supplies.set(id, (state.supplies.get(id) ?? 0n) + quantity)
  state.balances.set(keyOf(to, id), balanceOf(state, to, id) + quantity)
}

export function destroy(state: State, id: bigint, from: string, quantity: bigint): void {
  if (quantity === 0n) throw new Refused('QuantityZero')
  take(state, id, from, quantity)
  state.supplies.set(id, (state.supplies.get(id) ?? 0n) - quantity)
}

function take(state: State, id: bigint, from: string, amount: bigint): void {
  const balance = balanceOf(state, from, id)
  if (balance < amount) throw new Refused('ERC6909InsufficientBalance', from, balance, amount, id)
  state.balances.set(keyOf(from, id), balance - amount)
}

export function move(
  state: State,
  { from, to, id, amount }: { from: string; to: string; id: bigint; amount: bigint },
): boolean {
  if (to === NOBODY) throw new Refused('ERC6909InvalidReceiver', to)
  take(state, id, from, amount)
  state.balances.set(keyOf(to, id), balanceOf(state, to, id) + amount)
  return true
}

/** By somebody else: an operator, or one who spends an allowance. */
export function moveFor(
  state: State,
  caller: string,
  { from, to, id, amount }: { from: string; to: string; id: bigint; amount: bigint },
): boolean {
  if (caller !== from && !state.operators.has(keyOf(from, caller))) {
    const allowed = state.allowances.get(keyOf(from, caller, id)) ?? 0n
    if (allowed !== EVERYTHING) {
      if (allowed < amount) throw new Refused('ERC6909InsufficientAllowance', caller, allowed, amount, id)
      state.allowances.set(keyOf(from, caller, id), allowed - amount)
    }
  }
  return move(state, { from, to, id, amount })
}

export function allow(state: State, caller: string, spender: string, id: bigint, amount: bigint): boolean {
  if (spender === NOBODY) throw new Refused('ERC6909InvalidSpender', spender)
  state.allowances.set(keyOf(caller, spender, id), amount)
  return true
}

export function setOperator(state: State, caller: string, spender: string, approved: boolean): boolean {
  if (spender === NOBODY) throw new Refused('ERC6909InvalidSpender', spender)
  if (approved) state.operators.add(keyOf(caller, spender))
  else state.operators.delete(keyOf(caller, spender))
  return true
}
