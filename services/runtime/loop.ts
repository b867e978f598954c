import {
  HttpRequestError,
  SocketClosedError,
  TimeoutError,
  WaitForTransactionReceiptTimeoutError,
} from 'viem'
import { BaseError } from '../../chain/errors.ts'
import type { Log } from './log.ts'
import { sleep } from './sleep.ts'

export type LoopParameters = {
  log: Log
  signal: AbortSignal
  everyMs: number
  step: (signal: AbortSignal) => Promise<unknown>
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
    await sleep(everyMs, signal)
  }
}

/** Whether the same work may be tried again: our own word, though a library wrapped it, or a node that did not answer. */
export function mayRetry(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof BaseError) return cause.retry
  }
  return nodeIsSilent(error)
}

/** A node that is down, slow or overloaded, somewhere among the causes. */
export function nodeIsSilent(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (silences.some((kind) => cause instanceof kind)) return true
  }
  return false
}

const silences = [
  HttpRequestError,
  TimeoutError,
  SocketClosedError,
  WaitForTransactionReceiptTimeoutError,
] as const
