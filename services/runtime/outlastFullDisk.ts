import { isDiskFull } from './database/isDiskFull.ts'
import type { Log } from './log.ts'
import { sleep } from './sleep.ts'

export type OutlastParameters = {
  log: Log
  signal: AbortSignal
  /** Throws where there is too little room to begin. */
  checkRoom: () => Promise<void>
  /** Tells whoever asks why nothing is done, from now on or for another reason than before. */
  standAside: (reason: string) => Promise<void>
}

const firstWaitMs = 500
const longestWaitMs = 15_000

/**
 * Runs a service, and where its disk is full, stands aside and runs it anew out of what is stored once there is room: as after a kill, which is the way
 * that is tried most. `run` has closed all that it opened when it ends, and calls `begun` once it is at work. Whatever else fails is thrown.
 */
export async function outlastFullDisk(
  { log, signal, checkRoom, standAside }: OutlastParameters,
  run: (begun: () => void) => Promise<void>,
): Promise<void> {
  let waitMs = firstWaitMs
  let isAside = false
  const begun = () => {
    if (isAside) log.info('disk.has.room')
    isAside = false
    waitMs = firstWaitMs
  }
  while (!signal.aborted) {
    try {
      await checkRoom()
      return await run(begun)
    } catch (error) {
      if (!isDiskFull(error)) throw error
      await standAside(error.message)
      if (!isAside) log.error({ reason: error.message }, 'disk.full')
      isAside = true
    }
    await sleep(waitMs, signal)
    waitMs = Math.min(waitMs * 2, longestWaitMs)
  }
}
