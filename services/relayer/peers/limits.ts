import type { Hash } from 'viem'

/** Counts down from `burst` and fills up by `perSecond`, on a clock that never goes back. */
export type Bucket = { take(): boolean }

export type BucketParameters = { perSecond: number; burst: number; now?: () => number }

export function createBucket({ perSecond, burst, now = () => performance.now() }: BucketParameters): Bucket {
  let left = burst
  let at = now()
  return {
    take: () => {
      const time = now()
      left = Math.min(burst, left + ((time - at) / 1_000) * perSecond)
      at = time
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}

/** One bucket for each key. Keys that come from outside are bounded: at the limit all begin anew. */
export function createBuckets(parameters: BucketParameters & { keys: number }): {
  take(key: string): boolean
} {
  const buckets = new Map<string, Bucket>()
  return {
    take: (key) => {
      if (!buckets.has(key) && buckets.size >= parameters.keys) buckets.clear()
      const bucket = buckets.get(key) ?? createBucket(parameters)
      buckets.set(key, bucket)
      return bucket.take()
    },
  }
}

/** How far the times of two honest nodes may lie apart: one of them may see the newest blocks late. */
export const windowSeconds = 120
/** What 31 peers can have proven within the window, both ways, at the rate that they are held to. */
export const maxNonces = 80_000

export type Freshness = 'fresh' | 'stale' | 'repeated' | 'full'

export type Nonces = {
  /** Judges a request and remembers it. `now` is the chain's time at the receiver. */
  judge(request: { nonce: Hash; time: number }, now: number): Freshness
}

/**
 * Lets every request through once. What was sent before `since`, the chain's time when this process began to listen, is not
 * known to it and counts as stale.
 */
export function createNonces(since: number): Nonces {
  const seen = new Map<Hash, number>()
  let sweepAt = 1_000
  const sweep = (before: number) => {
    for (const [nonce, at] of seen) if (at < before) seen.delete(nonce)
    sweepAt = Math.max(1_000, seen.size * 2)
  }
  return {
    judge: ({ nonce, time }, now) => {
      if (time < since || Math.abs(time - now) > windowSeconds) return 'stale'
      if (seen.has(nonce)) return 'repeated'
      if (seen.size >= Math.min(sweepAt, maxNonces)) sweep(now - windowSeconds)
      if (seen.size >= maxNonces) return 'full'
      seen.set(nonce, time)
      return 'fresh'
    },
  }
}
