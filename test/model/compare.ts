import { mirrored, read, requireCanonical, write } from './boxes.ts'
import { knownUntil } from './cashVerbs.ts'
import { answerOf } from './codec.ts'
import type { Contracts } from './contract.ts'
import type { History } from './history.ts'
import { startModel } from './ledgerModel.ts'
import { isAround, type Operation, type Outcome, type Step, type Verb } from './operation.ts'
import { randomFrom } from './random.ts'
import { Refused } from './refused.ts'
import { unpayable } from './solvency.ts'
import { balanceOf, type State } from './state.ts'

/** How often each verb was asked for, and succeeded. Failures by error. */
export type Tally = { asked: Map<Verb, number>; done: Map<Verb, number>; errors: Map<string, number> }

export const freshTally = (): Tally => ({ asked: new Map(), done: new Map(), errors: new Map() })

/** Where the two differ: undefined where they agree in every answer, amount, reserve and prefix sum. */
export type Difference = { step: number | undefined; what: string }

/** Runs a history on the model and on the contract. */
export async function difference(
  contracts: Contracts,
  { seed, opening, steps }: History,
  tally = freshTally(),
): Promise<Difference | undefined> {
  const { world } = contracts
  const model = startModel(world)
  const outcomes = steps.map((step) => model.act(step))
  for (const [i, { operation }] of steps.entries()) {
    if (i >= opening && !isAround(operation)) count(tally, operation, outcomes[i])
  }
  const broken = unpayable(model.state, randomFrom(seed))
  if (broken !== undefined) return { step: undefined, what: `the model is insolvent: ${broken}` }

  const holders = [...world.actors, world.ledger]
  const closing = closingLooks(model.state, holders)
  const all = [...steps, ...closing]
  outcomes.push(...closing.map((step) => model.act(step)))
  const ids = idsOf(model.state, all)
  const { answers, amounts } = await contracts.run(all, ids, holders)

  for (const [i, { operation }] of all.entries()) {
    const [outcome, given] = [outcomes[i], answers[i]]
    if (outcome === undefined || given === undefined) return { step: i, what: 'there is no answer' }
    const expected = answerOf(operation, outcome)
    if (given.done !== outcome.done || (expected !== undefined && expected !== given.answer)) {
      const step = i < steps.length ? i : undefined
      return {
        step,
        what: `${shown(operation)}: the model says ${shown(outcome)}, the contract ${shown(given)}`,
      }
    }
  }
  for (const id of ids) {
    const { supplies } = model.state
    const expected = [supplies.get(id) ?? 0n, ...holders.map((holder) => balanceOf(model.state, holder, id))]
    if (shown(expected) !== shown(amounts.get(id)))
      return {
        step: undefined,
        what: `${shown(id)}: ${shown(expected)} in the model, ${shown(amounts.get(id))}`,
      }
  }
  return undefined
}

/** The same difference in as few steps as are found by leaving out one part after the other. */
export async function shrunk(contracts: Contracts, { seed, steps }: History): Promise<History> {
  const opening = 0
  const first = await difference(contracts, { seed, opening, steps })
  let best = first?.step === undefined ? steps : steps.slice(0, first.step + 1)
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length; ) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)]
      if ((await difference(contracts, { seed, opening, steps: shorter })) !== undefined) best = shorter
      else at += size
    }
  }
  return { seed, opening, steps: best }
}

/** Ids are shown in hexadecimal, everything else as it is. */
export function shown(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) => {
      if (typeof part !== 'bigint') return part
      return part >> 160n === 0n ? part.toString() : `0x${part.toString(16)}`
    }) ?? 'nothing'
  )
}

function count({ asked, done, errors }: Tally, { verb }: Operation, outcome: Outcome | undefined): void {
  asked.set(verb, (asked.get(verb) ?? 0) + 1)
  if (outcome?.done === true) done.set(verb, (done.get(verb) ?? 0) + 1)
  else if (outcome !== undefined) errors.set(outcome.error, (errors.get(outcome.error) ?? 0) + 1)
}

/** Everything of the end that is no amount of an id. */
function closingLooks({ indices, world, facades }: State, holders: readonly string[]): Step[] {
  const looks: Operation[] = indices.flatMap((each, i): Operation[] => {
    const index = i + 1
    const epochs = Array.from({ length: knownUntil(each) - each.first + 1 }, (_, e) => each.first + e)
    return [
      { verb: 'reserveOf', index },
      { verb: 'pokedUntil', index },
      ...epochs.flatMap((epoch) =>
        each.caps.map((_, component): Operation => ({ verb: 'prefixSum', index, component, epoch })),
      ),
    ]
  })
  for (const token of world.tokens) {
    for (const holder of holders) looks.push({ verb: 'cashOf', token, holder })
  }
  for (const id of facades) looks.push({ verb: 'hasFacade', id })
  return looks.map((operation) => ({ actor: 0, operation }))
}

/** All ids that were created or named, and the other side of each. */
function idsOf(state: State, steps: readonly Step[]): bigint[] {
  const ids = new Set(state.supplies.keys())
  for (const { operation } of steps) {
    for (const [name, value] of Object.entries(operation)) {
      if (typeof value === 'bigint' && (name === 'id' || name === 'long' || name === 'whole')) ids.add(value)
    }
  }
  for (const id of [...ids]) {
    const other = otherSideOf(state, id)
    if (other !== undefined) ids.add(other)
  }
  return [...ids]
}

function otherSideOf(state: State, id: bigint): bigint | undefined {
  const index = state.indices[read(id).index - 1]
  try {
    return index === undefined ? undefined : write(mirrored(index, requireCanonical(index, id)))
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}
