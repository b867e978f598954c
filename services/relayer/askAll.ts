import type { Log } from '../runtime/log.ts'
import type { NodeMetrics } from './metrics.ts'
import type { PeerClient } from './peers/client.ts'
import { PeerError } from './peers/errors.ts'
import { settledUntil } from './settledUntil.ts'

export type AskAllParameters = {
  clients: readonly PeerClient[]
  metrics: Pick<NodeMetrics, 'peerFailed'>
  log: Log
  patienceMs: number
  /** Asked whenever a peer has answered. */
  enough?: () => boolean
}

/** Asks all peers at once that do not rest. What one of them does, or fails to do, is its own matter. */
export function askAll(
  { clients, metrics, log, patienceMs, enough = () => false }: AskAllParameters,
  ask: (client: PeerClient) => Promise<void>,
): Promise<void> {
  const tasks = clients
    .filter((client) => !client.resting())
    .map((client) =>
      ask(client).catch((error: unknown) => {
        if (!(error instanceof PeerError)) throw error
        metrics.peerFailed(client.address, error.name)
        log.debug({ peer: client.address, reason: error.message }, 'relayer.peer.failed')
      }),
    )
  const onLate = (error: unknown) => log.error({ err: error }, 'relayer.peer.bug')
  return settledUntil(tasks, { patienceMs, enough, onLate })
}
