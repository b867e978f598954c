import { setTimeout as sleep } from 'node:timers/promises'
import { mayRetry } from '../runtime/loop.ts'
import { WaitedTooLongError } from './errors.ts'

export type WaitParameters<Value> = {
  what: string
  seconds: number
  remedy: string
  everyMs?: number
  /** Answers undefined while there is nothing yet. */
  look: () => Promise<Value | undefined>
}

/** Looks until there is something. A node that does not answer, as during a restart, counts as nothing yet. */
export async function waitFor<Value>({
  what,
  seconds,
  remedy,
  everyMs = 250,
  look,
}: WaitParameters<Value>): Promise<Value> {
  const deadline = Date.now() + seconds * 1_000
  while (Date.now() < deadline) {
    const found = await look().catch((error: unknown) => {
      if (!mayRetry(error)) throw error
      return undefined
    })
    if (found !== undefined) return found
    await sleep(everyMs)
  }
  throw new WaitedTooLongError(what, seconds, remedy)
}
