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
  /** The L1 block up to which op-node has looked for batches. */
  derivedFrom: number
}

export type Limits = {
  /** How long the safe head may stand still while L1 and L2 go on. */
  stallMs: number
  /** How many L1 blocks the safe head's origin may be behind L1. */
  lagBlocks: number
  /** For so many L1 blocks after its origin a batch with an L2 block is waited for. */
  windowBlocks: number
}

export type Verdict =
  | 'l1-reorganised'
  | 'safe-head-stuck'
  | 'safe-lag'
  | 'l2-stuck'
  | 'window-missed'
  | 'window-regained'

export type WatchState = {
  safe: number
  sinceMs: number
  l1Head: number
  /** Since when it lags, and whether that was told. */
  lag: { sinceMs: number; isPaged: boolean } | undefined
  newest: { number: number; sinceMs: number; isPaged: boolean }
  /** Looks in a row at which the sequencing window was over, and whether that was told and holds. */
  missed: { looks: number; isTold: boolean }
}

/** What op-node tells of two places may be of two moments: one look proves nothing. */
const MISSED_LOOKS = 2

/** op-node goes back to what is final and forward again when it resets. Nobody need be woken for that. */
const LAG_PATIENCE_MS = 5_000

/**
 * A batcher that an L1 reorganisation left with a stale nonce logs nothing and sends nothing, and once the sequencing
 * window has passed, transactions that were acknowledged are gone. So nobody waits for it to complain.
 *
 * Once the window is over, L1 alone makes the next L2 blocks, empty ones, and whatever the sequencer has built is taken back; so are the blocks
 * that it builds in their place, for their batches come when the window of the next ones is over too. That goes on for ever, unless
 * the sequencer makes the very blocks that L1 would: that is told by `window-missed`, until `window-regained`.
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
  const isOver = seen.derivedFrom - safeOrigin >= limits.windowBlocks
  const looks = isOver ? (state?.missed.looks ?? 0) + 1 : 0
  const wasTold = state?.missed.isTold === true
  const isMissed = wasTold ? l1Head - safeOrigin > limits.lagBlocks : looks >= MISSED_LOOKS

  const verdicts: Verdict[] = []
  if (seen.l1Reorganised) verdicts.push('l1-reorganised')
  if (isStuck) verdicts.push('safe-head-stuck')
  if (lag !== undefined && !lag.isPaged && isLagOld) verdicts.push('safe-lag')
  if (isL2Stuck && !newest.isPaged) verdicts.push('l2-stuck')
  if (isMissed !== wasTold) verdicts.push(isMissed ? 'window-missed' : 'window-regained')
  // A restart gets its time to show effect.
  const next = hasMoved || isStuck || seen.l1Reorganised ? fresh : state
  return {
    state: {
      ...next,
      lag: lag && { ...lag, isPaged: isLagOld },
      newest: { ...newest, isPaged: isL2Stuck },
      missed: { looks, isTold: isMissed },
    },
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
    windowBlocks: sequencingWindowBlocks,
  }
}
