import { type Address, formatEther } from 'viem'
import { firstMissingDay } from './chain.ts'
import type { PeerState } from './peers/client.ts'
import type { Proving } from './prover/openProver.ts'
import { openRound } from './turns.ts'
import type { Progress } from './work.ts'

/** A round takes well under this; after it the node is not useful to anybody. */
export const staleMs = 30_000

export type NetworkNames = { id: number; name: string; unit: string; source: string }

export type Status = {
  ready: boolean
  reason?: string
  network: NetworkNames
  /** Whether this process signs and sends, or only looks on. */
  live: boolean
  nodes: readonly Address[]
  peers: readonly PeerState[]
  /** How many of its nodes the contract knows as signers. */
  signing?: number
  /** The clock's epoch: days before it are over. */
  epoch?: number
  epochSeconds?: number
  /** Of the latest block of L2, seconds. */
  chainTime?: number
  lastSourceDay?: number
  lastAttestedDay?: number
  lastFinalDay?: number
  /** Days that are over and not attested. */
  lagDays?: number
  /** The latest round that is open for the first of them. */
  round?: number
  indices: readonly { id: number; name: string; nextDay: number }[]
  exhausted: boolean
  pendingTransactions: number
  /** Accusations of its nodes that it could not refute. */
  accusations?: number
  /** Of a network whose days this process proves. */
  proving?: Proving
  payerEther?: number
}

export type StatusParameters = {
  network: NetworkNames
  live: boolean
  nodes: readonly Address[]
  peers: readonly PeerState[]
  progress: Progress | undefined
  /** Milliseconds since the last round that succeeded; undefined before the first. */
  ageMs: number | undefined
  lastFailure: string | undefined
  pendingTransactions: number
  proving: Proving | undefined
  accusations: number | undefined
}

export function statusOf({
  progress,
  ageMs,
  lastFailure,
  proving,
  accusations,
  ...facts
}: StatusParameters): Status {
  const ready = ageMs !== undefined && ageMs < staleMs
  const reason = ready ? undefined : (lastFailure ?? 'the first round has not ended yet')
  const base = {
    ready,
    ...(reason === undefined ? {} : { reason }),
    ...facts,
    ...(proving && { proving }),
    ...(accusations === undefined ? {} : { accusations }),
  }
  if (progress === undefined) return { ...base, indices: [], exhausted: false }
  const { epoch, time, clock, lastSourceDay, lastAttestedDay, lastFinalDay, indices, exhausted } = progress
  const missing = firstMissingDay(progress)
  return {
    ...base,
    ...{ epoch, epochSeconds: clock.epochSeconds, chainTime: time, signing: progress.signing },
    ...(lastSourceDay === undefined ? {} : { lastSourceDay }),
    ...(lastAttestedDay === undefined ? {} : { lastAttestedDay }),
    ...(lastFinalDay === undefined ? {} : { lastFinalDay }),
    lagDays: Math.max(epoch - missing, 0),
    ...(missing < epoch ? { round: openRound(clock, missing, time) } : {}),
    indices,
    exhausted,
    payerEther: Number(formatEther(progress.payerWei)),
  }
}
