import assert from 'node:assert/strict'
import { type Outcome, simulate } from '../services/sequencer/simulator/simulate.ts'

/** Seeds, from HASHSAND_FROM on. */
const count = Number(process.env.HASHSAND_SEEDS ?? 20_000)
const first = Number(process.env.HASHSAND_FROM ?? 1)

describe(`the sequencer's core under ${count} seeds`, function () {
  this.timeout(0)

  it('loses nothing, doubles nothing, and is never stuck', async () => {
    const began = performance.now()
    const red: Outcome[] = []
    const struck = new Map<string, number>()
    let [happenings, messages] = [0, 0]
    for (let seed = first; seed < first + count; seed++) {
      const outcome = await simulate(seed)
      happenings += outcome.happenings
      messages += outcome.deposits + outcome.withdrawals
      for (const [fault, times] of outcome.faults) struck.set(fault, (struck.get(fault) ?? 0) + times)
      if (outcome.broken !== undefined) {
        red.push(outcome)
        say(`HASHSAND_SEED=${seed}: ${outcome.broken}`)
      }
      if ((seed - first) % 500 === 499) say(`${seed - first + 1} seeds, ${red.length} red`)
    }
    const seconds = Math.round((performance.now() - began) / 1_000)
    say(`${count} seeds in ${seconds} s: ${messages} messages, ${happenings} happenings, ${red.length} red`)
    say([...struck].map(([fault, times]) => `${fault} ${times}`).join(', '))
    assert.deepEqual(
      red.map(({ seed }) => seed),
      [],
    )
  })
})

function say(words: string): void {
  process.stdout.write(`    ${words}\n`)
}
