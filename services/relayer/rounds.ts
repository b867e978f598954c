import { BaseError } from '../../chain/errors.ts'
import type { Metrics } from './metrics.ts'
import { type NetworkNames, type Status, statusOf } from './status.ts'
import type { Progress } from './work.ts'

export type Rounds = {
  run(metrics: Metrics): Promise<void>
  status(): Status
}

export type RoundsParameters = {
  network: NetworkNames
  work: () => Promise<Progress>
  pendingTransactions: () => number
}

/** Runs rounds of work and remembers what the last one saw. */
export function createRounds({ network, work, pendingTransactions }: RoundsParameters): Rounds {
  let progress: Progress | undefined
  let succeededAt: number | undefined
  let lastFailure: string | undefined
  const { id, name, unit, source } = network

  return {
    run: async (metrics) => {
      try {
        progress = await work()
        succeededAt = performance.now()
        lastFailure = undefined
        metrics.roundDone()
      } catch (error) {
        // A name, not a message: it goes to whoever asks, and a node's answer may hold anything.
        const failure = error instanceof Error ? error.name : 'unknown'
        lastFailure = error instanceof BaseError ? error.message : failure
        metrics.roundFailed(failure)
        throw error
      }
    },
    status: () =>
      statusOf({
        network: { id, name, unit, source },
        progress,
        ageMs: succeededAt === undefined ? undefined : performance.now() - succeededAt,
        lastFailure,
        pendingTransactions: pendingTransactions(),
      }),
  }
}
