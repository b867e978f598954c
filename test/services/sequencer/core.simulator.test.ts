import assert from 'node:assert/strict'
import { faultNames } from './simulator/faults.ts'
import { simulateSeeds } from './simulator/processes.ts'
import type { Report } from './simulator/worker.ts'

/*
 * The service's core on virtual time, against models of both chains, a network and a disk that fail. A seed decides everything, so
 * HASHSAND_SEED=<seed> replays one run, with the service's log.
 */

const chosen = process.env.HASHSAND_SEED
const seeds = chosen === undefined ? Number(process.env.HASHSAND_SEEDS ?? 300) : 1
const first = chosen === undefined ? 1 : Number(chosen)
/** Fewer seeds may miss a rare fault by chance. */
const enoughForEveryFault = 200

describe(`the sequencer's core, simulated from ${seeds} seeds`, function () {
  this.timeout(600_000)

  it('gives one history for one seed, whatever its process did before', async () => {
    const [alone, others] = [await tracesOf(1, 1), await tracesOf(2, 3)]
    assert.equal(alone.get(first), others.get(first), `seed ${first}`)
    assert.notEqual(others.get(first), others.get(first + 1))
  })

  it('mints and pays out once whatever breaks, and every fault did', async () => {
    const struck = new Map<string, number>()
    let happenings = 0
    let [outlasted, halts] = [0, 0]
    for await (const outcome of simulateSeeds({ first, count: seeds })) {
      if (chosen !== undefined) process.stdout.write(outcome.lines.join(''))
      assert.equal(outcome.broken, undefined, told(outcome))
      for (const [fault, count] of outcome.faults) struck.set(fault, (struck.get(fault) ?? 0) + count)
      happenings += outcome.happenings
      outlasted += outcome.outlasted
      halts += outcome.halts
    }
    if (seeds >= enoughForEveryFault) {
      assert.deepEqual(
        faultNames.filter((fault) => !struck.has(fault)),
        [],
        'these faults never struck',
      )
      assert.ok(outlasted > 0, 'no full disk was outlasted within a process')
      assert.ok(halts > 0, 'L1 never took back more than the policy allows')
    }
    assert.ok(happenings > seeds * 500, `only ${happenings} happenings`)
  })
})

/** What happened in each seed up to the chosen one, in one process. */
async function tracesOf(before: number, count: number): Promise<Map<number, string>> {
  const start = Math.max(1, first - before + 1)
  const traces = new Map<number, string>()
  for await (const { seed, trace } of simulateSeeds({ first: start, count }, 1)) traces.set(seed, trace)
  return traces
}

function told({ seed, engine, broken, faults }: Report): string {
  const struck = [...faults].map(([fault, count]) => `${fault} ${count}`).join(', ')
  return `seed ${seed} on engine ${engine}: ${broken}\nafter ${struck}\nReplay: HASHSAND_SEED=${seed} npx mocha test/services/sequencer/core.simulator.test.ts`
}
