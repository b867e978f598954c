import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../../services/sequencer/status.ts'
import { type Load, startLoad } from '../services/sequencerLoad.ts'
import { startTestNetwork, type TestNetwork } from '../services/sequencerNetwork.ts'

const kills = Number(process.env.HASHSAND_KILLS ?? 200)
const limitMs = 5_000
/** Between two kills at most. */
const longestMs = 3_000
/** Two deposits each time: the portal sells gas for four in a block of L1 before its price rises, and refuses more in the end. */
const sendEachMs = 700

// kill -9 at moments of chance, under load in both directions. A recovery ends when the service is ready and has done more than it had before
// the kill: L2 has executed another block of L1 and that is on disk.

describe(`the sequencer under ${kills} kills at random moments`, function () {
  this.timeout(0)
  let network: TestNetwork
  let load: Load
  let isOver = false

  before(async () => {
    network = await startTestNetwork()
    load = await startLoad(network)
  })
  after(() => network?.close())

  it('is at work again within five seconds each time, loses nothing and doubles nothing', async () => {
    const loading = keepSending()
    const took: number[] = []
    for (let kill = 1; kill <= kills; kill++) {
      await sleep(Math.random() * longestMs)
      const before = (await network.ask<Status>('/v1/status')).cursor.number
      await network.killSequencer()
      const began = performance.now()
      await network.startSequencer()
      await working(before)
      took.push(performance.now() - began)
      if (kill % 20 === 0) say(`${kill} kills: ${told(took)}`)
    }
    isOver = true
    await loading
    await load.checkEndState(600)
    const { deposits, withdrawals } = load.counts()
    say(`${deposits} deposits and ${withdrawals} withdrawals: 0 lost, 0 doubled`)
    say(`recovery: ${told(took)}`)
    assert.ok(Math.max(...took) <= limitMs, `a recovery took ${Math.max(...took)} ms`)
  })

  async function keepSending(): Promise<void> {
    while (!isOver) {
      await load.send()
      await sleep(sendEachMs)
    }
  }

  async function working(before: string | bigint): Promise<void> {
    const { services } = network.manifest
    for (;;) {
      const ready = await fetch(`${services.sequencer}/readyz`).catch(() => undefined)
      if (ready?.ok === true) {
        const { cursor } = await network.ask<Status>('/v1/status')
        if (BigInt(cursor.number) > BigInt(before)) return
      }
      await sleep(20)
    }
  }
})

function told(list: readonly number[]): string {
  if (list.length === 0) return 'none'
  const sorted = list.toSorted((a, b) => a - b)
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0)
  return `${list.length}, median ${at(0.5)} ms, ninety in a hundred ${at(0.9)} ms, at most ${at(1)} ms`
}

function say(text: string): void {
  process.stdout.write(`    ${text}\n`)
}
