import type { Progress } from './work.ts'

/** A round takes well under this; after it the node is not useful to anybody. */
const staleMs = 30_000

export type NetworkNames = { id: number; name: string; unit: string; source: string }

export type Status = {
  ready: boolean
  reason?: string
  network: NetworkNames
  /** The clock's epoch: days before it are over. */
  epoch?: number
  lastSourceDay?: number
  lastAttestedDay?: number
  lastFinalDay?: number
  /** Days that are over and not attested. */
  lagDays?: number
  indices: readonly { id: number; name: string; nextDay: number }[]
  exhausted: boolean
  pendingTransactions: number
}

export type StatusParameters = {
  network: NetworkNames
  progress: Progress | undefined
  /** Milliseconds since the last round that succeeded; undefined before the first. */
  ageMs: number | undefined
  lastFailure: string | undefined
  pendingTransactions: number
}

export function statusOf({
  network,
  progress,
  ageMs,
  lastFailure,
  pendingTransactions,
}: StatusParameters): Status {
  const ready = ageMs !== undefined && ageMs < staleMs
  const reason = ready ? undefined : (lastFailure ?? 'the first round has not ended yet')
  const base = {
    ready,
    ...(reason === undefined ? {} : { reason }),
    network,
    pendingTransactions,
  }
  if (progress === undefined) return { ...base, indices: [], exhausted: false }
  const { epoch, firstDay, lastSourceDay, lastAttestedDay, lastFinalDay, indices, exhausted } = progress
  return {
    ...base,
    epoch,
    ...(lastSourceDay === undefined ? {} : { lastSourceDay }),
    ...(lastAttestedDay === undefined ? {} : { lastAttestedDay }),
    ...(lastFinalDay === undefined ? {} : { lastFinalDay }),
    lagDays: Math.max(epoch - 1 - (lastAttestedDay ?? firstDay - 1), 0),
    indices,
    exhausted,
  }
}
