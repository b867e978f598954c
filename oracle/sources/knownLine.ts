import type { Hash } from 'viem'

export type KnownLine = {
  /** The highest block known: while it is on the best chain, all below it are. */
  top(): { height: number; hash: Hash } | undefined
  hashAt(height: number): Hash | undefined
  /** Notes a block. One that does not stand on the block before it takes the place of all that are known. */
  extend(block: { height: number; hash: Hash; previousHash: Hash }): void
  clear(): void
}

/** Hashes of consecutive blocks that were seen to follow each other, the last `limit` of them. */
export function createKnownLine(limit: number): KnownLine {
  let first = 0
  let hashes: Hash[] = []
  const restart = (height: number, line: Hash[]) => {
    first = height
    hashes = line
  }

  return {
    top() {
      const hash = hashes.at(-1)
      return hash === undefined ? undefined : { height: first + hashes.length - 1, hash }
    },
    hashAt: (height) => hashes[height - first],
    extend({ height, hash, previousHash }) {
      const at = height - first
      if (hashes[at] === hash) return
      if (hashes[at - 1] !== previousHash) return restart(height, [hash])
      hashes.splice(at, hashes.length, hash)
      if (hashes.length > limit) restart(first + 1, hashes.slice(1))
    },
    clear: () => restart(0, []),
  }
}
