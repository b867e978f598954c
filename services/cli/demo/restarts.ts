import { setTimeout as sleep } from 'node:timers/promises'
import { ContractFunctionRevertedError, BaseError as ViemError } from 'viem'
import { nodeIsSilent } from '../../runtime/loop.ts'

const patienceMs = 180_000

export type ThroughRestartsParameters<Result> = {
  act: () => Promise<Result>
  /** Grows while there is progress; patience begins anew each time it has. */
  progress: () => number
}

/**
 * Repeats what was interrupted while the network is away, as when all of it was killed and starts again. Harmless:
 * finished steps are in the journal, and whatever a step sends goes through an outbox that knows what it has sent.
 */
export async function throughRestarts<Result>({
  act,
  progress,
}: ThroughRestartsParameters<Result>): Promise<Result> {
  let seen = progress()
  let deadline = Date.now() + patienceMs
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (progress() > seen) deadline = Date.now() + patienceMs
      seen = progress()
      if (!isAway(error) || Date.now() > deadline) throw error
      await sleep(500)
    }
  }
}

/**
 * An answer of a contract is an answer; any other failure of a request is a network that is away, also where it is the cause of what
 * the outbox says.
 */
function isAway(error: unknown): boolean {
  if (nodeIsSilent(error)) return true
  return (
    error instanceof ViemError &&
    error.walk((cause) => cause instanceof ContractFunctionRevertedError) === null
  )
}
