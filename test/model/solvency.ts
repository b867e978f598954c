import { components, type ModelIndex, payoff, read, sideOf } from './boxes.ts'
import { knownUntil } from './cashVerbs.ts'
import { type Exact, exact, plus, times, zero } from './exact.ts'
import type { Random } from './random.ts'
import type { State } from './state.ts'

/** Of every index: is the reserve, times 1e36, at least what all that is held would be paid, on some futures of it? */
export function unpayable(state: State, random: Random): string | undefined {
  for (const [i, index] of state.indices.entries()) {
    const held = [...state.supplies].filter(([id, supply]) => supply > 0n && read(id).index === i + 1)
    const end = Math.max(index.first, ...held.map(([id]) => read(id).end))
    const futures = [() => 0n, (cap: bigint) => cap, (cap: bigint) => random.big(cap + 1n)]
    for (const future of futures) {
      const sums = completed(index, end, future)
      const owed = held.reduce(
        (sum, [id, supply]) => plus(sum, times(exact(supply), onPath(index, sums, id))),
        zero,
      )
      if (owed.over > index.reserve * 10n ** 36n * owed.under)
        return `index ${i + 1} owes ${owed.over}/${owed.under} and has ${index.reserve}e36`
    }
  }
  return undefined
}

function onPath(index: ModelIndex, sums: readonly bigint[][], id: bigint): Exact {
  const box = read(id)
  const at = (epoch: number, k: number) => sums[epoch - index.first]?.[k] ?? 0n
  const earned = components(box.mask).reduce((sum, k) => sum + at(box.end, k) - at(box.start, k), 0n)
  return payoff(index, box, sideOf(index, box, earned))
}

function completed(index: ModelIndex, end: number, future: (cap: bigint) => bigint): bigint[][] {
  const sums = [...index.sums]
  for (let day = knownUntil(index); day < end; day++) {
    const before = sums.at(-1) ?? []
    sums.push(before.map((sum, k) => sum + future((index.caps[k] ?? 0n) * index.tick)))
  }
  return sums
}
