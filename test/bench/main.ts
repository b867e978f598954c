import { type Bench, missesBudget, runBench } from './bench.ts'
import { engineBench } from './engine.ts'

// npm run bench -- NAME [--json] [--strict]. Without a name it lists what there is.

const benches: readonly Bench[] = [engineBench]
const known = benches.map(({ name }) => name).join(', ')
const usage = 'Usage: npm run bench -- NAME [--json] [--strict]'

const words = process.argv.slice(2)
const options = new Set(words.filter((word) => word.startsWith('--')))
const [name, ...more] = words.filter((word) => !word.startsWith('--'))
const strange = [...options].filter((word) => word !== '--json' && word !== '--strict')

process.exitCode = await run()
// Whatever still listens has been told to stop; it must not hold up the end.
process.exit()

async function run(): Promise<number> {
  if (strange.length > 0 || more.length > 0) {
    return refuse(`I do not know ${[...strange, ...more].join(' ')}. ${usage}; benches: ${known}.`)
  }
  if (name === undefined) {
    for (const bench of benches) process.stdout.write(`${bench.name.padEnd(10)} ${bench.what}\n`)
    return 0
  }
  const bench = benches.find((one) => one.name === name)
  if (bench === undefined) return refuse(`There is no bench ${name}. Known: ${known}.`)
  const measurements = await runBench({
    bench,
    json: options.has('--json'),
    out: (text) => process.stdout.write(text),
    note: (text) => process.stderr.write(text),
  })
  const missed = measurements.filter(missesBudget)
  for (const { case: what, value, unit, budget } of missed) {
    process.stderr.write(`budget missed: ${what} ${value} ${unit}, budget ${budget}\n`)
  }
  return options.has('--strict') && missed.length > 0 ? 1 : 0
}

function refuse(text: string): number {
  process.stderr.write(`${text}\n`)
  return 64
}
