import type { Operation } from './operation.ts'
import { NOBODY } from './positions.ts'
import type { Random } from './random.ts'
import type { State } from './state.ts'

type Asked = { state: State; random: Random }

const MAX_UINT128 = 2n ** 128n - 1n

/** The same with one thing changed: most of the time into something that has to be refused. */
export function wronged({ state, random }: Asked, operation: Operation): Operation {
  const fields = Object.entries(operation).filter(([name]) => name !== 'verb' && name !== 'token')
  if (fields.length === 0) return operation
  const [name, value] = random.pick(fields)
  const changed = changedField(state, random, name, value)
  // Safe: the field keeps its type.
  return changed === undefined ? operation : ({ ...operation, [name]: changed } as Operation)
}

function changedField(state: State, random: Random, name: string, value: unknown): unknown {
  switch (name) {
    case 'id':
    case 'long':
    case 'whole':
      return wrongId(state, random, BigInt(String(value)))
    case 'quantity':
    case 'amount':
      return random.pick([0n, MAX_UINT128, 2n ** 120n, 2n ** 120n - 1n, 1n])
    case 'to':
    case 'longTo':
    case 'shortTo':
    case 'receiver':
    case 'spender':
      return random.pick([NOBODY, state.world.ledger])
    case 'axis':
      return random.int(4)
    case 'at':
      return nearby(random, BigInt(String(value)), 2n ** 64n)
    case 'earned':
      return nearby(random, BigInt(String(value)), 2n ** 256n)
    case 'until':
      return Number(nearby(random, BigInt(String(value)), 2n ** 24n))
    case 'index':
      return random.pick([0, 5, 2 ** 32 - 1])
    case 'ids':
    case 'quantities':
      return wrongList(state, random, name, value)
    default:
      return undefined
  }
}

function wrongId(state: State, random: Random, id: bigint): bigint {
  const others = [...state.supplies.keys()]
  return random.weighted([
    [3, id ^ (1n << random.big(256n))],
    [2, others.length === 0 ? 0n : random.pick(others)],
    [1, random.big(2n ** 256n)],
    // Another index; one day more or less; one tick more or less; the ceiling at any height.
    [1, id ^ (7n << 208n)],
    [2, id + (1n << 160n)],
    [2, id + (1n << 184n)],
    [2, (id + (1n << 32n)) % 2n ** 256n],
    [1, id + (1n << 96n)],
    [1, id ^ (1n << 248n)],
  ])
}

function nearby(random: Random, value: bigint, limit: bigint): bigint {
  const wanted = random.pick([0n, value + 1n, value - 1n, value * 2n, random.big(limit), limit - 1n])
  return ((wanted % limit) + limit) % limit
}

function wrongList(state: State, random: Random, name: string, value: unknown): unknown {
  // Safe: both lists are of whole numbers.
  const list = value as bigint[]
  if (random.oneIn(2)) return list.slice(1)
  const other = name === 'ids' ? wrongId(state, random, list[0] ?? 0n) : 0n
  return [...list.slice(1), other]
}
