import { setTimeout as sleep } from 'node:timers/promises'
import type { Status } from '../../services/sequencer/status.ts'
import { startLoad } from '../services/sequencerLoad.ts'
import { startTestNetwork } from '../services/sequencerNetwork.ts'
import type { Stage } from './bench.ts'
import { StageError } from './errors.ts'
import { slopeOf } from './service.ts'

const minutes = Number(process.env.HASHSAND_BENCH_MINUTES ?? 3)
/** Each sends two deposits and a withdrawal. */
const burst = 40
/** Half of what the portal sells gas for in a block of L1: it refuses a deposit beyond that. */
const sendsPerBlock = 10

/** The whole service on the embedded engine, as a process, with L1 making a block a second. */
export async function benchSteady(stage: Stage): Promise<void> {
  stage.say('engine anvil and the service')
  const network = await startTestNetwork()
  try {
    const load = await startLoad(network)
    const began = performance.now()
    for (let sent = 0; sent < burst; sent += sendsPerBlock) {
      const block = await network.l1.getBlockNumber()
      for (let at = 0; at < sendsPerBlock; at++) await load.send()
      while ((await network.l1.getBlockNumber()) === block) await sleep(20)
    }
    const count = async (kind: 'deposit' | 'withdrawal', states: readonly string[]) => {
      const { backlog } = await network.ask<Status>('/v1/status')
      return states.reduce((sum, state) => sum + (backlog[kind][state] ?? 0), 0)
    }
    const wanted = load.counts()
    const rateOf = async (kind: 'deposit' | 'withdrawal', states: readonly string[], of: number) => {
      const before = performance.now()
      while ((await count(kind, states)) < of) {
        if (performance.now() - before > 300_000) throw new StageError(`${of} of ${kind}`, `not ${states}`)
        await sleep(50)
      }
      return of / ((performance.now() - began) / 1_000)
    }
    const rates = await Promise.all([
      rateOf('deposit', ['included', 'final'], wanted.deposits),
      rateOf('withdrawal', ['finalised'], wanted.withdrawals),
    ])
    const better = 'higher' as const
    const unit = 'messages/s'
    stage.measured({ case: 'deposits sent and minted, embedded engine', value: rates[0], unit, better })
    stage.measured({
      case: 'withdrawals begun and paid, with a period of 5 s',
      value: rates[1],
      unit,
      better,
    })

    stage.say(`a message each way every second for ${minutes} minutes`)
    const end = performance.now() + minutes * 60_000
    const points: { minute: number; megabytes: number; handles: number }[] = []
    while (performance.now() < end) {
      await load.send()
      const { megabytes, handles } = network.sequencerSize()
      points.push({ minute: (performance.now() - began) / 60_000, megabytes, handles })
      await sleep(1_000)
    }
    const later = points.slice(points.length >> 1)
    const memory = slopeOf(later.map(({ minute, megabytes }) => [minute, megabytes] as const))
    const files = slopeOf(later.map(({ minute, handles }) => [minute, handles] as const))
    const last = points.at(-1)
    stage.measured({ case: 'memory at the end', value: last?.megabytes ?? 0, unit: 'MB', better: 'lower' })
    stage.measured({ case: 'growth of memory, second half', value: memory, unit: 'MB/min', better: 'lower' })
    stage.measured({
      case: 'open handles at the end',
      value: last?.handles ?? 0,
      unit: 'handles',
      better: 'lower',
    })
    stage.measured({
      case: 'growth of handles, second half',
      value: files,
      unit: 'handles/min',
      better: 'lower',
    })
    await load.checkEndState(300)
  } finally {
    await network.close()
  }
}
