import { type Outcome, simulate } from './simulate.ts'

// A process of its own: node <this> FROM COUNT STEP. Prints an outcome a line, of every STEP-th seed.

/** What of an outcome goes from process to process. */
export type Report = Omit<Outcome, 'faults'> & { faults: [string, number][] }

const [first = 1, count = 1, step = 1] = process.argv.slice(2).map(Number)
// Nobody reads where an error of the simulated network was made, and it takes long to note.
Error.stackTraceLimit = count === 1 ? 10 : 0
for (let seed = first; seed < first + count; seed += step) {
  const outcome = await simulate(seed)
  const report: Report = {
    ...outcome,
    faults: [...outcome.faults],
    lines: count === 1 || outcome.broken !== undefined ? outcome.lines : [],
  }
  process.stdout.write(`${JSON.stringify(report)}\n`)
}
