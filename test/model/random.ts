/** Numbers that follow from a seed alone. */
export type Random = {
  /** From 0 to `count - 1`. */
  int(count: number): number
  big(count: bigint): bigint
  /** One time in `times`. */
  oneIn(times: number): boolean
  pick<T>(list: readonly T[]): T
  /** By weight. */
  weighted<T>(list: readonly (readonly [number, T])[]): T
}

export function randomFrom(seed: number): Random {
  // Mulberry32.
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
  const int = (count: number) => Math.floor((next() / 2 ** 32) * count)
  const pick = <T>(list: readonly T[]): T => {
    // Safe: who picks has looked that there is something.
    return list[int(list.length)] as T
  }
  return {
    int,
    pick,
    oneIn: (times) => int(times) === 0,
    big: (count) => {
      let value = 0n
      for (let limit = 1n; limit < count << 32n; limit <<= 32n) value = (value << 32n) | BigInt(next())
      return value % count
    },
    weighted: (list) => {
      const total = list.reduce((sum, [weight]) => sum + weight, 0)
      let at = int(total)
      for (const [weight, item] of list) {
        if (at < weight) return item
        at -= weight
      }
      return pick(list)[1]
    },
  }
}
