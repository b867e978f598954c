import { NoBlocksError } from './errors.ts'

export const medianTimeSpan = 11

/**
 * Median time past of a block: the median of its own time and those of its ten predecessors, as the RPC's `mediantime`.
 * Near the start of a chain there are fewer; the middle is then the upper one, as in consensus.
 */
export function medianTimePast(times: readonly number[]): number {
  const last = times.slice(-medianTimeSpan).sort((a, b) => a - b)
  const median = last[Math.floor(last.length / 2)]
  if (median === undefined) throw new NoBlocksError('A median time past')
  return median
}
