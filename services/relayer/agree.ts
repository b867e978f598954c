import type { Report } from '../../oracle/report.ts'
import type { PoolRows } from './pools/poolRows.ts'

/*
 * When a node signs what another one proposes: every total is equal to its own, to the last digit. Rows of pools are the one thing
 * that nodes may rightly see differently, so for them the leader's are taken where ours say nothing against them.
 */

/** The fields of a report in which two nodes must be equal; round and rows are chosen by the one who proposes. */
export type Totals = Omit<Report, 'round' | 'poolRowsRoot'>

/** The names of the totals that differ. */
export function differences(own: Totals, given: Totals): (keyof Totals)[] {
  // Safe: `own` is made of these fields by reportOf; what else it carries is compared too.
  const names = Object.keys(own) as (keyof Report)[]
  return names
    .filter((name): name is keyof Totals => name !== 'round' && name !== 'poolRowsRoot')
    .filter((name) => own[name] !== given[name])
}

export async function acceptable(
  own: Report,
  given: Report,
  rows: Pick<PoolRows, 'accepts'>,
): Promise<boolean> {
  if (differences(own, given).length > 0) return false
  return given.poolRowsRoot === own.poolRowsRoot || rows.accepts(given.day, given.poolRowsRoot)
}
