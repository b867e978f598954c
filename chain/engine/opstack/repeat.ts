import { setTimeout as sleep } from 'node:timers/promises'
import { BaseError as ViemError } from 'viem'
import type { BaseError } from '../../errors.ts'
import { SupervisionFailedError } from './errors.ts'

export type Repeated = { readonly failed: Promise<BaseError>; stop(): Promise<void> }

/**
 * Does `step` again and again until it is stopped. An RPC that does not answer belongs to a component that is being
 * restarted: the next round asks anew. Any other error is a bug and ends the engine.
 */
export function repeat(
  everyMs: number,
  step: (signal: AbortSignal, round: number) => Promise<void>,
): Repeated {
  const abort = new AbortController()
  const { signal } = abort

  async function run(): Promise<void> {
    for (let round = 0; !signal.aborted; round++) {
      await step(signal, round).catch((error: unknown) => {
        if (!(error instanceof ViemError)) throw error
      })
      await sleep(everyMs, undefined, { signal }).catch(() => {})
    }
  }

  const running = run()
  return {
    failed: running.then(
      () => new Promise<never>(() => {}),
      (error: unknown) => new SupervisionFailedError(error),
    ),
    stop: async () => {
      abort.abort()
      await running.catch(() => {})
    },
  }
}
