import { difference, freshTally, shown, shrunk, type Tally } from './compare.ts'
import type { Contracts } from './contract.ts'
import { historyFrom } from './history.ts'

export const LENGTH = 60

export type Campaign = {
  /** The seed of the first; each next one has the next number. */
  from: number
  count: number
  progress?: (done: number, tally: Tally) => void
}

/** Runs histories until one differs, which is then thrown, as short as it can be made. */
export async function agree(contracts: Contracts, { from, count, progress }: Campaign): Promise<Tally> {
  const tally = freshTally()
  for (let i = 0; i < count; i++) {
    const history = historyFrom(contracts.world, from + i, LENGTH)
    const found = await difference(contracts, history, tally)
    if (found !== undefined) {
      const shorter = await shrunk(contracts, history)
      const steps = shorter.steps.map((step, at) => `${at} ${shown(step)}`)
      const last = await difference(contracts, shorter)
      const title = `seed ${history.seed}, history ${i + 1}, ${steps.length} steps of ${history.steps.length}`
      throw new Error([`${title}: ${last?.what ?? found.what}`, ...steps].join('\n'))
    }
    progress?.(i + 1, tally)
  }
  return tally
}

/** How much was asked for and how much of it succeeded, by verb; and the reasons of what did not. */
export function summary({ asked, done, errors }: Tally): string[] {
  const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((a, b) => a + b, 0)
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`
  const verbs = [...asked].sort((a, b) => b[1] - a[1])
  return [
    `${sum(asked)} operations, ${share(sum(done), sum(asked))} succeeded`,
    ...verbs.map(([verb, count]) => `${verb} ${count}, ${share(done.get(verb) ?? 0, count)}`),
    [...errors]
      .sort((a, b) => b[1] - a[1])
      .map(([error, count]) => `${error} ${count}`)
      .join(', '),
  ]
}
