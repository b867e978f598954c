import { type Repeated, repeat } from './repeat.ts'
import { backlogOf, type RootsParameters, sendRoots } from './roots.ts'
import type { Supervised } from './supervise.ts'

/** op-proposer keeps up with less; more than this is what a pause left behind. */
const MANY = 6
const POLL_MS = 2_000

export type CatchUpParameters = RootsParameters & {
  /** op-proposer: it pauses while the roots are sent, for both have the same key. */
  component: Pick<Supervised, 'pause' | 'resume'>
  onBehind: (missing: number) => void
  onProgress: (step: string) => void
}

/** Watches how far the oracle is behind the safe head, and sends what op-proposer would need hours for. */
export function startCatchUp(parameters: CatchUpParameters): Repeated {
  const { component, onBehind, onProgress } = parameters
  return repeat(POLL_MS, async (signal) => {
    let backlog = await backlogOf(parameters)
    if (backlog.count < MANY) return
    onBehind(backlog.count)
    await component.pause()
    let sent = 0
    try {
      while (backlog.count > 1 && !signal.aborted) {
        onProgress(`proposing the roots of a pause: ${sent} sent, ${backlog.count} to go`)
        sent += await sendRoots(parameters, backlog, signal)
        backlog = await backlogOf(parameters)
      }
    } finally {
      await component.resume()
    }
  })
}
