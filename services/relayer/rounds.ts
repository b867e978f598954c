import { BaseError } from '../../chain/errors.ts'
import type { Metrics } from './metrics.ts'
import { type Status, type StatusParameters, statusOf } from './status.ts'
import type { Progress } from './work.ts'

export type Rounds = {
  run(metrics: Pick<Metrics, 'roundDone' | 'roundFailed'>): Promise<void>
  status(): Status
}

export type RoundsParameters = {
  work: () => Promise<Progress>
  /** What the status says of this process besides its progress. */
  facts: () => Omit<StatusParameters, 'progress' | 'ageMs' | 'lastFailure'>
}

/** Runs rounds of work and remembers what the last one saw. */
export function createRounds({ work, facts }: RoundsParameters): Rounds {
  let progress: Progress | undefined
  let succeededAt: number | undefined
  let lastFailure: string | undefined

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
        ...facts(),
        progress,
        ageMs: succeededAt === undefined ? undefined : performance.now() - succeededAt,
        lastFailure,
      }),
  }
}
