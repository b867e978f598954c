import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { simulateSeeds } from '../services/sequencer/simulator/processes.ts'
import type { Report } from '../services/sequencer/simulator/worker.ts'

/** Seeds, from HASHSAND_FROM on, over HASHSAND_PROCESSES. */
const count = Number(process.env.HASHSAND_SEEDS ?? 20_000)
const first = Number(process.env.HASHSAND_FROM ?? 1)
const processes = Number(process.env.HASHSAND_PROCESSES ?? availableParallelism())
const sayEachMs = 30_000

describe(`the sequencer's core under ${count} seeds`, function () {
  this.timeout(0)

  it('loses nothing, doubles nothing, and is never stuck', async () => {
    const began = performance.now()
    let said = began
    const all = emptyCounts()
    for await (const report of simulateSeeds({ first, count }, processes)) {
      add(all, report)
      if (report.broken !== undefined) say(`HASHSAND_SEED=${report.seed}: ${report.broken}`)
      if (performance.now() - said < sayEachMs) continue
      said = performance.now()
      say(progress(all, (said - began) / 1_000))
    }
    const seconds = Math.round((performance.now() - began) / 1_000)
    say(`${words(all)}; seeds ${first} to ${first + count - 1} in ${seconds} s over ${processes} processes`)
    say([...all.struck].map(([fault, times]) => `${fault} ${times}`).join(', '))
    assert.deepEqual(all.red, [])
  })
})

function emptyCounts() {
  return {
    ...{ seeds: 0, messages: 0, kills: 0, happenings: 0, lost: 0, doubled: 0, stuck: 0 },
    red: [] as number[],
    struck: new Map<string, number>(),
  }
}
type Counts = ReturnType<typeof emptyCounts>

function add(all: Counts, { seed, broken, deposits, withdrawals, happenings, faults }: Report): void {
  all.seeds += 1
  all.messages += deposits + withdrawals
  all.happenings += happenings
  for (const [fault, times] of faults) {
    all.struck.set(fault, (all.struck.get(fault) ?? 0) + times)
    if (fault.startsWith('process.killed')) all.kills += times
  }
  if (broken === undefined) return
  all.red.push(seed)
  if (/nothing is stuck/.test(broken)) all.stuck += 1
  else if (/once|pays what it holds|one effect/.test(broken)) all.doubled += 1
  else if (/= |holds what was sent|fresh sync/.test(broken)) all.lost += 1
}

function words({ seeds, messages, kills, happenings, lost, doubled, stuck, red }: Counts): string {
  const otherwise = red.length - lost - doubled - stuck
  return `${seeds} seeds, ${messages} messages, ${kills} kills, ${happenings} happenings, ${lost} lost, ${doubled} doubled, ${stuck} stuck, ${otherwise} broken otherwise`
}

function progress(all: Counts, seconds: number): string {
  const rate = all.seeds / seconds
  const left = Math.round((count - all.seeds) / rate / 60)
  return `${words(all)}; ${rate.toFixed(1)} seeds/s, ${left} min to go`
}

function say(text: string): void {
  process.stdout.write(`    ${text}\n`)
}
