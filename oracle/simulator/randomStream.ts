import { hash } from 'node:crypto'

export type RandomStream = {
  /** An integer from 0 to `limit - 1`; the bias is under limit / 2^32. */
  below(limit: number): number
  bytes(count: number): Uint8Array
  /** Roughly exponential with the given mean. Integer arithmetic only, so every machine draws the same. */
  waiting(mean: number): number
}

/** An endless stream of random numbers that depends on `label` alone. */
export function randomStream(label: string): RandomStream {
  let pool = Buffer.alloc(0)
  let counter = 0
  const bytes = (count: number): Uint8Array => {
    while (pool.length < count) {
      pool = Buffer.concat([pool, hash('sha256', `${label}/${counter++}`, 'buffer')])
    }
    const taken = pool.subarray(0, count)
    pool = pool.subarray(count)
    return taken
  }
  const uint32 = () => Buffer.from(bytes(4)).readUInt32LE()
  return {
    below: (limit) => uint32() % limit,
    bytes,
    // -log2(u) between two powers of two, drawn as a line: its mean is 1.5 instead of 1.4427.
    waiting: (mean) => {
      const draw = uint32()
      const zeros = Math.clz32(draw)
      const rest = 1_000 - Math.floor((draw * 2 ** (zeros + 1) - 2 ** 32) / 4_294_968)
      return Math.floor((mean * (zeros * 1_000 + rest)) / 1_500)
    },
  }
}
