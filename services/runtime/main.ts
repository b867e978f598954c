import { BaseError } from '../../chain/errors.ts'
import { StoreNotWrittenError } from './database/errors.ts'
import type { Log } from './log.ts'

/** Exit codes of every Hashsand process, after sysexits.h where it has one. */
export const exitCode = { ok: 0, bug: 1, usage: 64, failed: 70, retry: 75 } as const

/**
 * Runs a service's main function: an expected failure becomes one logged line and a code that says whether a restart
 * may help; anything else is a bug, logged with its stack.
 */
export async function runMain(log: Log, main: () => Promise<void>): Promise<void> {
  try {
    await main()
    process.exitCode = exitCode.ok
  } catch (error) {
    if (error instanceof BaseError) {
      log.fatal({ error: error.name, retry: error.retry }, error.message)
      process.exitCode = codeOf(error)
    } else {
      log.fatal({ err: error }, 'process.bug')
      process.exitCode = exitCode.bug
    }
    // Handles may be open; what has to be on disk is written with sync before it counts.
    setTimeout(() => process.exit(), 500).unref()
  }
}

/** A store takes nothing until it is opened anew, so a new start may help although this one can't go on. */
function codeOf(error: BaseError): number {
  return error.retry || error instanceof StoreNotWrittenError ? exitCode.retry : exitCode.failed
}

/**
 * Ends the process here and now, for whoever watches over it to start it anew. For a store that failed while somebody waited for it who would
 * have gone on: what the process has in mind is ahead of what is stored.
 */
export function endWith(log: Log, error: BaseError): never {
  log.fatal({ error: error.name, retry: error.retry }, error.message)
  process.exit(codeOf(error))
}
