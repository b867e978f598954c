import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BaseError } from '../../chain/errors.ts'
import { type Area, areaOf, isOf } from './areas.ts'
import { changedLines, isOnLines, sample } from './changed.ts'
import { openCompiler, sourcesOf } from './compiler.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { type Options, optionsOf, usage } from './options.ts'
import { runPool } from './pool.ts'
import { type Report, reportOf, written } from './report.ts'
import { openResults, type Results } from './results.ts'
import { explainedSurvivors } from './survivors.ts'
import { copyWorkspace, createWorkspace, STAGE_COUNT } from './workspace.ts'

const project = join(import.meta.dirname, '../..')
const GOAL = 90

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof BaseError)) throw error
  process.stderr.write(`${error.message}\n`)
  return 2
})

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2))
  if (options === undefined) {
    process.stderr.write(usage)
    return 64
  }
  const area = areaOf(project, options.of)
  const all = allMutants(area.files)
  const results = openResults(project, options.fresh)
  const chosen = choose(all, area, options, results)
  if (options.list) {
    for (const { file, line, id } of chosen) process.stdout.write(`${file}:${line} ${id}\n`)
    return 0
  }
  const left = chosen.filter(({ id }) => options.survivors || !results.known.has(id))
  note(
    `${chosen.length} mutants, of ${all.length} of the ${options.of}; ${chosen.length - left.length} were tested before`,
  )
  const seconds = left.length === 0 ? 0 : await test({ mutants: left, area, options, results })
  const report = reportOf({
    mutants: chosen,
    results: results.known,
    explained: new Map([...explainedSurvivors()].filter(([id]) => isOf(area, id))),
    all: chosen.length === all.length,
    known: new Set(all.map(({ id }) => id)),
    seconds,
    tested: left.length,
  })
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : written(report))
  return isGreen(report) ? 0 : 1
}

function allMutants(files: readonly string[]): Mutant[] {
  const sources = sourcesOf(project, files)
  const trees = openCompiler(sources).trees(files)
  return files.flatMap((file) => {
    const [source, tree] = [sources.get(file), trees.get(file)]
    return source === undefined || tree === undefined ? [] : mutantsOf(file, source, tree)
  })
}

function choose(
  all: readonly Mutant[],
  { files }: Area,
  { only, changed, survivors, most }: Options,
  { known }: Results,
): Mutant[] {
  let chosen = [...all]
  if (only !== undefined) {
    const [file = '', line] = only.split(':')
    chosen = chosen.filter((mutant) => mutant.file.endsWith(file))
    if (line !== undefined)
      chosen = chosen.filter((one) => one.line <= Number(line) && Number(line) <= one.lastLine)
  }
  if (changed !== undefined) {
    const lines = changedLines(project, changed, files)
    chosen = chosen.filter((mutant) => isOnLines(mutant, lines))
  }
  if (survivors) chosen = chosen.filter(({ id }) => known.get(id)?.verdict === 'survived')
  if (chosen.length > most) {
    note(
      `sampled: ${most} of the ${chosen.length} mutants asked for; --most ${chosen.length} tests all of them`,
    )
  }
  return sample(chosen, most)
}

type TestParameters = {
  mutants: readonly Mutant[]
  area: Area
  options: Options
  results: Results
}

/** Gives the seconds it took. */
async function test({ mutants, area, options, results }: TestParameters): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hashsand-mutation-'))
  const begin = Date.now()
  const stages = options.quick ? 1 : STAGE_COUNT
  try {
    const first = await createWorkspace(project, join(folder, '0'), area, stages)
    const count = Math.min(options.workers, mutants.length)
    const more = Array.from({ length: count - 1 }, (_, at) =>
      copyWorkspace(first, join(folder, String(at + 1))),
    )
    note(`compiled, and green without mutants, in ${Math.round((Date.now() - begin) / 1_000)} s`)
    const tested = Date.now()
    let done = 0
    await runPool({
      mutants,
      roots: [first, ...more].map(({ root }) => root),
      files: area.files,
      taskOf: (mutant) => ({ mutant, expected: results.expected(mutant.id), stages }),
      onResult(result) {
        results.add(result, !options.quick)
        done++
        if (result.verdict === 'survived') note(`survived: ${result.id}`)
        const aMinute = done / ((Date.now() - tested) / 60_000)
        if (done % 25 === 0) note(`${done} of ${mutants.length}, ${aMinute.toFixed(0)} a minute`)
      },
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return Math.round((Date.now() - begin) / 1_000)
}

function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

function isGreen({ unexplained, score, all }: Report): boolean {
  return unexplained.length === 0 && (!all || score >= GOAL)
}
