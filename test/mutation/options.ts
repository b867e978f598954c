import { parseArgs } from 'node:util'
import { type AreaName, areaNames } from './areas.ts'

export const usage = `npm run mutation -- [--of AREA] [--changed [BASE]] [--only FILE[:LINE]] [--survivors] [--quick] [--list] [--fresh]
                    [--most N] [--workers N] [--json]

Makes one error after another in the contracts of an area and sees whether the contract tests find it. Ends red where one is not found
and test/mutation/survivors.json does not say why, and where a run of all scores below 90 %.

--of AREA          ledger, unless told; or oracle, with the libraries that its contracts are built from
--changed [BASE]   only on lines that differ from BASE (origin/main): of more than 60, an even sample of 60
--only FILE[:LINE] only in this file, or on this line of it
--survivors        only those that survived the last run of the same sources
--most N           an even sample of N
--quick            without the invariants, which find few errors and take the most time
--list             shows them and tests none
--fresh            forgets what an earlier run of the same sources found
`

/** A run of changed lines has five minutes. */
const MOST_CHANGED = 60

export type Options = {
  of: AreaName
  changed?: string | undefined
  only?: string | undefined
  survivors: boolean
  quick: boolean
  list: boolean
  fresh: boolean
  json: boolean
  most: number
  workers: number
}

/** Undefined where a word means nothing. */
export function optionsOf(words: readonly string[]): Options | undefined {
  // A word may follow --changed, or not.
  const args = words.flatMap((word, at) => {
    const bare = word === '--changed' && (words[at + 1] ?? '--').startsWith('--')
    return bare ? ['--changed', 'origin/main'] : [word]
  })
  const flag = { type: 'boolean', default: false } as const
  try {
    const { values } = parseArgs({
      args,
      options: {
        of: { type: 'string', default: 'ledger' },
        changed: { type: 'string' },
        only: { type: 'string' },
        survivors: flag,
        quick: flag,
        list: flag,
        fresh: flag,
        json: flag,
        most: { type: 'string' },
        workers: { type: 'string', default: '2' },
      },
    })
    const mostOfAll = values.changed === undefined ? Number.MAX_SAFE_INTEGER : MOST_CHANGED
    const most = Number(values.most ?? mostOfAll)
    const workers = Number(values.workers)
    if (!Number.isSafeInteger(most) || !Number.isSafeInteger(workers) || most < 1 || workers < 1)
      return undefined
    const of = areaNames.find((name) => name === values.of)
    return of === undefined ? undefined : { ...values, of, most, workers }
  } catch {
    return undefined
  }
}
