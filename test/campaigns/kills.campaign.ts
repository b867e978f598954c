import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../../services/sequencer/status.ts'
import { type Load, startLoad } from '../services/sequencerLoad.ts'
import { startTestNetwork, type TestNetwork } from '../services/sequencerNetwork.ts'

const kills = Number(process.env.HASHSAND_KILLS ?? 200)
const limitMs = 5_000
/** On one network: what the embedded engine writes for each block grows with the chain, and after some hundred kills it would be that which is measured. */
const killsOfNetwork = 20
/** Between two kills at most. */
const longestMs = 3_000
/** Two deposits each time: the portal sells gas for four in a block of L1 before its price rises, and refuses more in the end. */
const sendEachMs = 700

// kill -9 at moments of chance, under load in both directions. A recovery ends when the service is ready and has done more than it had before
// the kill: L2 has executed another block of L1 and that is on disk.

describe(`the sequencer under ${kills} kills at random moments`, function () {
  this.timeout(0)
  const took: Recovery[] = []
  const all = { deposits: 0, withdrawals: 0 }

  for (let done = 0; done < kills; done += killsOfNetwork) {
    const count = Math.min(killsOfNetwork, kills - done)
    it(`loses nothing and doubles nothing (${done + 1} to ${done + count})`, async () => {
      const network = await startTestNetwork()
      try {
        const load = await startLoad(network)
        await killAgainAndAgain(network, load, count)
        await load.checkEndState(600)
        const { deposits, withdrawals } = load.counts()
        all.deposits += deposits
        all.withdrawals += withdrawals
        say(`${all.deposits} deposits and ${all.withdrawals} withdrawals; recovery: ${toldAll(took)}`)
      } finally {
        await network.close()
      }
    })
  }

  it('is at work again within five seconds each time', () => {
    assert.equal(took.length, kills)
    assert.ok(Math.max(...took.map(({ works }) => works)) <= limitMs, toldAll(took))
  })

  async function killAgainAndAgain(network: TestNetwork, load: Load, count: number): Promise<void> {
    const over = new AbortController()
    const loading = keepSending(load, over.signal)
    // Told when it is waited for.
    loading.catch(() => {})
    for (let kill = 0; kill < count; kill++) {
      await sleep(Math.random() * longestMs)
      const before = (await network.ask<Status>('/v1/status')).cursor.number
      await network.killSequencer()
      const log = `${network.dir}/logs/sequencer.log`
      const said = (await readFile(log, 'utf8')).length
      const began = performance.now()
      await network.startSequencer()
      const answers = performance.now() - began
      await until(() => isReady(network))
      const ready = performance.now() - began
      await until(async () => {
        const { cursor } = await network.ask<Status>('/v1/status')
        return BigInt(cursor.number) > BigInt(before)
      })
      const works = performance.now() - began
      took.push({ answers, ready, works })
      // Why it took so long is in what the service said meanwhile.
      if (works > limitMs) say(`${Math.round(works)} ms:\n${(await readFile(log, 'utf8')).slice(said)}`)
    }
    over.abort()
    await loading
  }

  async function keepSending(load: Load, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await load.send()
      await sleep(sendEachMs)
    }
  }
})

/** Milliseconds from the start of the process to its first answer, to its readiness, and to its work. */
type Recovery = { answers: number; ready: number; works: number }

async function isReady({ manifest }: TestNetwork): Promise<boolean> {
  return (await fetch(`${manifest.services.sequencer}/readyz`)).ok
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

function toldAll(list: readonly Recovery[]): string {
  const parts = (['answers', 'ready', 'works'] as const).map(
    (name) => `${name} ${told(list.map((recovery) => recovery[name]))}`,
  )
  return `${list.length}: ${parts.join('; ')}`
}

function told(list: readonly number[]): string {
  if (list.length === 0) return 'none'
  const sorted = list.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return `${at(0.5)} ms (median), ${at(0.9)} (nine of ten), ${at(1)} (worst)`
}

function say(text: string): void {
  process.stdout.write(`    ${text}\n`)
}
