import type { BitcoinChain } from './bitcoinChain.ts'
import { InvalidBlockError } from './errors.ts'
import { hasWork, headerHash, parseHeader } from './header.ts'
import { medianTimePast, medianTimeSpan } from './medianTime.ts'
import { bitsToTarget, blocksPerRetarget, nextBits } from './target.ts'

export type HeaderParameters = {
  chain: BitcoinChain
  height: number
  /** 80 bytes. */
  header: Uint8Array
  /** The eleven headers before it, oldest first; fewer only where the chain begins. */
  ancestors: readonly Uint8Array[]
  /** Time of the first block of the difficulty epoch before; wanted where a retarget is due. */
  epochStart: number | undefined
}

/** Whether a retarget is due at this height, which needs the first header of the epoch before. */
export function isRetarget(height: number, { retargets, firstHeight }: BitcoinChain): boolean {
  return retargets && height % blocksPerRetarget === 0 && height - blocksPerRetarget >= firstHeight
}

/** Throws unless the header has its work, a target that its chain gives it, and a time that may follow its ancestors'. */
export function checkHeader({ chain, height, header, ancestors, epochStart }: HeaderParameters): void {
  const hash = headerHash(header)
  const { bits, time } = parseHeader(header)
  const refuse = (what: string, given: unknown, expected: unknown) => {
    throw new InvalidBlockError(height, hash, what, given, expected)
  }
  if (bitsToTarget(bits) > chain.easiestTarget)
    refuse('an easy target', bits, `${chain.easiestTarget} at most`)
  if (!hasWork(header)) refuse('too little work', hash, `a hash below its target ${bits}`)

  const before = ancestors.slice(-medianTimeSpan).map(parseHeader)
  const parent = before.at(-1)
  if (parent === undefined) return
  const earliest = medianTimePast(before.map((ancestor) => ancestor.time)) + 1
  if (time < earliest) refuse('the time', time, `${earliest} at least`)
  const expected =
    epochStart === undefined
      ? parent.bits
      : nextBits({
          bits: parent.bits,
          firstTime: epochStart,
          lastTime: parent.time,
          limit: chain.easiestTarget,
        })
  if (bits !== expected) refuse('the target', bits, expected)
}
