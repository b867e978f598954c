import { setTimeout as sleep } from 'node:timers/promises'
import { BaseError } from '../../chain/errors.ts'
import type { Log } from './log.ts'

export type LoopParameters = {
  log: Log
  signal: AbortSignal
  everyMs: number
  step: (signal: AbortSignal) => Promise<void>
}

/**
 * Repeats `step` until the signal aborts. A failure that says it may be tried again is logged and waited out;
 * any other one ends the loop, and with it the process.
 */
export async function loop({ log, signal, everyMs, step }: LoopParameters): Promise<void> {
  while (!signal.aborted) {
    try {
      await step(signal)
    } catch (error) {
      if (signal.aborted) return
      if (!mayRetry(error)) throw error
      log.warn({ err: error }, 'loop.retry')
    }
    await sleep(everyMs, undefined, { signal }).catch(() => {})
  }
}

/** Whether the same work may be tried again: our own word, or a transport that did not answer. */
export function mayRetry(error: unknown): boolean {
  if (error instanceof BaseError) return error.retry
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (transportErrors.has(cause.name)) return true
  }
  return false
}

/** viem's names of a node that is down, slow or overloaded. */
const transportErrors = new Set([
  'HttpRequestError',
  'TimeoutError',
  'SocketClosedError',
  'WaitForTransactionReceiptTimeoutError',
])
