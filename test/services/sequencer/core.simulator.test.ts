import assert from 'node:assert/strict'
import { faultNames } from './simulator/faults.ts'
import { type Outcome, simulate } from './simulator/simulate.ts'

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

  it('gives one history for one seed', async () => {
    for (const seed of [first, first + 1]) {
      const [one, other] = [await simulate(seed), await simulate(seed)]
      assert.equal(one.trace, other.trace, `seed ${seed}`)
    }
  })

  it('mints and pays out once whatever breaks, and every fault did', async () => {
    const struck = new Map<string, number>()
    let happenings = 0
    for (let seed = first; seed < first + seeds; seed++) {
      const outcome = await simulate(seed)
      if (chosen !== undefined) process.stdout.write(outcome.lines.join(''))
      assert.equal(outcome.broken, undefined, told(outcome))
      for (const [fault, count] of outcome.faults) struck.set(fault, (struck.get(fault) ?? 0) + count)
      happenings += outcome.happenings
    }
    if (seeds >= enoughForEveryFault) {
      assert.deepEqual(
        faultNames.filter((fault) => !struck.has(fault)),
        [],
        'these faults never struck',
      )
    }
    assert.ok(happenings > seeds * 500, `only ${happenings} happenings`)
  })
})

function told({ seed, engine, broken, faults }: Outcome): string {
  const struck = [...faults].map(([fault, count]) => `${fault} ${count}`).join(', ')
  return `seed ${seed} on engine ${engine}: ${broken}\nafter ${struck}\nReplay: HASHSAND_SEED=${seed} npx mocha test/services/sequencer/core.simulator.test.ts`
}
