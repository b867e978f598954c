import type { Mutant } from './mutants.ts'
import type { Result } from './pool.ts'

export type Report = {
  /** Whether it is of all mutants, so that the score means something. */
  all: boolean
  counted: number
  killed: number
  survived: number
  /** Per cent of those counted. */
  score: number
  /** Compile to the code of the original, so nothing can tell them. */
  same: number
  invalid: number
  seconds: number
  perMinute: number
  survivors: { place: string; id: string; why: string | undefined }[]
  /** Ids of survivors without a reason. */
  unexplained: string[]
  /** Reasons for what is no mutant any more, or was killed. */
  stale: string[]
  killers: Record<string, number>
}

export type ReportParameters = {
  mutants: readonly Mutant[]
  results: ReadonlyMap<string, Result>
  explained: ReadonlyMap<string, string>
  all: boolean
  /** The ids of all mutants there are. */
  known: ReadonlySet<string>
  seconds: number
  tested: number
}

export function reportOf(parameters: ReportParameters): Report {
  const { mutants, results, explained, all, known, seconds, tested } = parameters
  const of = (verdict: Result['verdict']) => mutants.filter(({ id }) => results.get(id)?.verdict === verdict)
  const [killed, survived] = [of('killed'), of('survived')]
  const counted = killed.length + survived.length
  const killers: Record<string, number> = {}
  for (const { id } of killed) {
    const contract = results.get(id)?.by.split('.')[0] ?? ''
    killers[contract] = (killers[contract] ?? 0) + 1
  }
  const killedIds = new Set(killed.map(({ id }) => id))
  return {
    all,
    counted,
    killed: killed.length,
    survived: survived.length,
    score: counted === 0 ? 100 : Math.floor((killed.length * 1_000) / counted) / 10,
    same: of('same').length,
    invalid: of('invalid').length,
    seconds,
    perMinute: seconds === 0 ? 0 : Math.round((tested * 60) / seconds),
    survivors: survived.map(({ file, line, id }) => ({
      place: `${file}:${line}`,
      id,
      why: explained.get(id),
    })),
    unexplained: survived.map(({ id }) => id).filter((id) => !explained.has(id)),
    stale: [...explained.keys()].filter((id) => !known.has(id) || killedIds.has(id)),
    killers,
  }
}

export function written(report: Report): string {
  const survivors = report.survivors.map(
    ({ place, id, why }) =>
      `${place} ${id}\n    ${why ?? 'NOT EXPLAINED: write a test that kills it, or the reason'}`,
  )
  const stale = report.stale.map((id) => `no survivor any more, take its reason out: ${id}`)
  const killers = Object.entries(report.killers)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
  return `${[
    ...survivors,
    ...stale,
    `killed by: ${killers.join(', ')}`,
    `${report.killed} of ${report.counted} mutants killed: ${report.score} %; ${report.survived} survived, ` +
      `${report.unexplained.length} of them without a reason`,
    `not counted: ${report.invalid} do not compile, ${report.same} compile to the original's code`,
    `${report.seconds} s, ${report.perMinute} a minute`,
  ].join('\n')}\n`
}
