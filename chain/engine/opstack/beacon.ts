import type { EngineEvent } from '../engine.ts'
import { BeaconUnreachableError } from './errors.ts'
import { type Repeated, repeat } from './repeat.ts'

const TIMEOUT_MS = 10_000
const POLL_MS = 5_000
/** A beacon node that is being restarted is no reason to wake somebody. */
const PATIENCE_MS = 30_000

/** Throws BeaconUnreachableError. */
export async function checkBeacon(url: string): Promise<void> {
  const reason = await silenceOf(url)
  if (reason !== undefined) throw new BeaconUnreachableError(reason)
}

/** Why it does not answer; undefined where it does. */
async function silenceOf(url: string): Promise<string | undefined> {
  return fetch(`${url.replace(/\/$/, '')}/eth/v1/node/version`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).then(
    ({ ok, status }) => (ok ? undefined : `status ${status}`),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}

export type BeaconWatchParameters = {
  url: string
  onEvent?: (event: EngineEvent) => void
  patienceMs?: number
  pollMs?: number
}

/** Without its beacon node op-node reads no batches: L2 goes on, and nothing of it gets safe. Pages once a silence. */
export function watchBeacon(parameters: BeaconWatchParameters): Repeated {
  const { url, onEvent, patienceMs = PATIENCE_MS, pollMs = POLL_MS } = parameters
  let silentSinceMs: number | undefined
  let isPaged = false
  return repeat(pollMs, async () => {
    const reason = await silenceOf(url)
    silentSinceMs = reason === undefined ? undefined : (silentSinceMs ?? Date.now())
    if (silentSinceMs === undefined) {
      isPaged = false
    } else if (!isPaged && Date.now() - silentSinceMs >= patienceMs) {
      isPaged = true
      const detail = `The beacon node has not answered for ${Math.round(patienceMs / 1_000)} s (${reason}). Until it does op-node reads no batches and nothing gets safe.`
      onEvent?.({ severity: 'page', what: 'beacon-unreachable', component: 'op-node', detail })
    }
  })
}
