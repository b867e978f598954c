/** What the supervisor looks at, once a second. */
export type Observation = {
  nowMs: number
  /** The newest L1 block seen before is there no more. */
  l1Reorganised: boolean
  l1Head: number
  safe: number
  unsafe: number
  /** The L1 block in which the newest safe L2 block has its origin. */
  safeOrigin: number
}

export type Limits = {
  /** How long the safe head may stand still while L1 and L2 go on. */
  stallMs: number
  /** How many L1 blocks the safe head's origin may be behind L1. */
  lagBlocks: number
}

export type Verdict = 'l1-reorganised' | 'safe-head-stuck' | 'safe-lag' | 'l2-stuck'

export type WatchState = {
  safe: number
  sinceMs: number
  l1Head: number
  /** Since when it lags, and whether that was told. */
  lag: { sinceMs: number; isPaged: boolean } | undefined
  newest: { number: number; sinceMs: number; isPaged: boolean }
}

/** op-node goes back to what is final and forward again when it resets. Nobody need be woken for that. */
const LAG_PATIENCE_MS = 5_000

/**
 * A batcher that an L1 reorganisation left with a stale nonce logs nothing and sends nothing, and once the sequencing
 * window has passed, transactions that were acknowledged are gone. So nobody waits for it to complain.
 */
export function judge(
  state: WatchState | undefined,
  seen: Observation,
  limits: Limits,
): { state: WatchState; verdicts: Verdict[] } {
  const { nowMs, safe, unsafe, l1Head, safeOrigin } = seen
  const isSame = state?.newest.number === unsafe
  const newest =
    state !== undefined && isSame ? state.newest : { number: unsafe, sinceMs: nowMs, isPaged: false }
  const isL2Stuck = nowMs - newest.sinceMs >= limits.stallMs
  const fresh = { safe, sinceMs: nowMs, l1Head }
  const hasMoved = state === undefined || safe !== state.safe || unsafe <= safe
  const isStuck = !hasMoved && nowMs - state.sinceMs >= limits.stallMs && l1Head > state.l1Head + 1
  const lags = unsafe > safe && l1Head - safeOrigin > limits.lagBlocks
  const lag = lags ? (state?.lag ?? { sinceMs: nowMs, isPaged: false }) : undefined
  const isLagOld = lag !== undefined && nowMs - lag.sinceMs >= LAG_PATIENCE_MS

  const verdicts: Verdict[] = []
  if (seen.l1Reorganised) verdicts.push('l1-reorganised')
  if (isStuck) verdicts.push('safe-head-stuck')
  if (lag !== undefined && !lag.isPaged && isLagOld) verdicts.push('safe-lag')
  if (isL2Stuck && !newest.isPaged) verdicts.push('l2-stuck')
  // A restart gets its time to show effect.
  const next = hasMoved || isStuck || seen.l1Reorganised ? fresh : state
  return {
    state: { ...next, lag: lag && { ...lag, isPaged: isLagOld }, newest: { ...newest, isPaged: isL2Stuck } },
    verdicts,
  }
}

/** A stall must be found while there is still time in the window to cure it. */
export function limitsOf(sequencingWindowBlocks: number, l1BlockTimeSeconds: number): Limits {
  const windowMs = sequencingWindowBlocks * l1BlockTimeSeconds * 1_000
  return {
    stallMs: Math.min(30_000, Math.max(10_000, windowMs / 2)),
    // Up to six blocks of lag are usual: in a short window a quarter would page for nothing.
    lagBlocks: Math.max(7, Math.floor(sequencingWindowBlocks / 4)),
  }
}
