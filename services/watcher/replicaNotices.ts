import type { Notice } from './alerts.ts'
import type { Sight } from './follow.ts'
import type { Judged } from './judge.ts'
import type { Replica } from './replica.ts'

/** A batch takes this long to L1 and into the replica even where all is well. */
const USUAL_LAG_SECONDS = 20n

/** How far the replica's safe head is behind L1's clock. */
export const lagSeconds = ({ head }: Sight, { safe }: Replica): bigint => head.timestamp - safe.timestamp

/** How long a replica that came up is given before its silence about a block counts. */
export function patienceSeconds({ oracle }: Sight): bigint {
  const part = oracle.finalizationPeriodSeconds / 8n
  return part < 600n ? part : 600n
}

/**
 * Says so early when the replica is behind. From half of an output's period on, what it has not derived counts as wrong, although it may
 * be right: a person has the time from a quarter to half to see to the replica.
 */
export function behindNotice(sight: Sight, replica: Replica, judged: readonly Judged[]): Notice | undefined {
  const period = sight.oracle.finalizationPeriodSeconds
  const lag = lagSeconds(sight, replica)
  const waiting = judged.find(({ verdict }) => verdict === 'pending')
  const waitedSeconds = waiting === undefined ? 0n : sight.head.timestamp - waiting.timestamp
  const isBehind = lag * 4n > period && lag > USUAL_LAG_SECONDS
  const hasWaited = waitedSeconds * 4n > period
  if (!isBehind && !hasWaited) return undefined
  const where = `The replica's safe head ${replica.safe.number} is ${lag} s behind L1's clock; it has derived up to L1 block ${replica.derived.number} of ${sight.head.number}.`
  const stake =
    waiting === undefined
      ? ''
      : ` Output ${waiting.index} for L2 block ${waiting.l2Block} counts as wrong in ${period / 2n - waitedSeconds} s unless the replica has that block by then.`
  return { severity: 'page', text: `${where}${stake} Look at the replica's op-node.` }
}
