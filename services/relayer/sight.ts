import type { NetworkView } from './chain.ts'
import { staleMs } from './status.ts'

/** What the process last saw of the chain. Ages are measured on a clock that never goes back. */
export type Sight = {
  see(view: NetworkView): void
  /** Undefined when the last look is too old to act on. */
  view(): NetworkView | undefined
  /** The chain's time, seconds, however old. */
  time(): number
}

export function createSight(first: NetworkView): Sight {
  let seen = { view: first, at: performance.now() }
  return {
    see: (view) => {
      seen = { view, at: performance.now() }
    },
    view: () => (performance.now() - seen.at < staleMs ? seen.view : undefined),
    time: () => seen.view.time,
  }
}
