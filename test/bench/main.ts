import { type Bench, missesBudget, runBench } from './bench.ts'

// npm run bench -- NAME [--json] [--strict]. Without a name it lists what there is.

/** Opened when it is run: a bench brings half of the project with it. */
type Entry = { name: string; what: string; open: () => Promise<Bench> }

const benches: readonly Entry[] = [
  {
    name: 'engine',
    what: 'both engines: start-up, deposit, withdrawal, transactions and gas per second, memory',
    open: async () => (await import('./engine.ts')).engineBench,
  },
  {
    name: 'ledger',
    what: 'gas of every operation of the ledger, its facades and its index, as whole transactions',
    open: async () => (await import('./ledger.ts')).ledgerBench,
  },
  {
    name: 'oracle',
    what: 'gas of attesting, of Bitcoin headers and coinbases, of a whole day, of bonds and feeds',
    open: async () => (await import('./oracle.ts')).oracleBench,
  },
  {
    name: 'sequencer',
    what: 'the bridge service: catching up, memory, gas of proofs and finalisations, messages a second; peers in the same run',
    open: async () => (await import('./sequencer.ts')).sequencerBench,
  },
]
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
  const entry = benches.find((one) => one.name === name)
  if (entry === undefined) return refuse(`There is no bench ${name}. Known: ${known}.`)
  const measurements = await runBench({
    bench: await entry.open(),
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
