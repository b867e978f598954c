import type { Address } from 'viem'
import type { Verdict } from '../../bridge/outputs.ts'
import type { Alert } from './alerts.ts'
import type { Incident } from './incidents.ts'
import { lagSeconds } from './replicaNotices.ts'
import type { Watch } from './watch.ts'

export type Status = {
  ready: boolean
  reason?: string
  l1?: { head: bigint; time: bigint }
  replica?: { safe: bigint; derivedL1: bigint; lagSeconds: bigint; settled: boolean }
  /** How many outputs of the last two finalisation periods there are, by verdict. */
  outputs: Record<Verdict, number>
  lastJudgedL2Block?: bigint
  finalizationPeriodSeconds?: bigint
  /** Who the oracle takes deletions from, and whether this process has that key. */
  challenger?: { address: Address; here: boolean; balanceWei?: bigint }
  alerts: readonly Alert[]
  /** Wrong outputs that this process has seen, newest first. */
  incidents: readonly Incident[]
}

/** A look takes well under this; after it nobody is watching. */
const staleMs = 30_000

export function statusOf({ seen, alerts, deleter, incidents }: Watch): Status {
  const { sight, replica, judged, balance } = seen
  const outputs = { right: 0, wrong: 0, pending: 0, underivable: 0, lost: 0 }
  for (const { verdict } of judged) outputs[verdict] += 1
  const last = judged.findLast(({ ownRoot }) => ownRoot !== undefined)
  const reason = reasonOf(seen)
  return {
    ready: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    ...(sight && { l1: { head: sight.head.number, time: sight.head.timestamp } }),
    ...(sight &&
      replica && {
        replica: {
          safe: replica.safe.number,
          derivedL1: replica.derived.number,
          lagSeconds: lagSeconds(sight, replica),
          settled: seen.settled,
        },
      }),
    outputs,
    ...(last && { lastJudgedL2Block: last.l2Block }),
    ...(sight && { finalizationPeriodSeconds: sight.oracle.finalizationPeriodSeconds }),
    ...(sight && {
      challenger: {
        address: sight.oracle.challenger,
        here: deleter?.address === sight.oracle.challenger,
        ...(balance === undefined ? {} : { balanceWei: balance }),
      },
    }),
    alerts: alerts.all(),
    incidents: incidents.all(),
  }
}

function reasonOf({ sight, l1Ms, replicaMs }: Watch['seen']): string | undefined {
  if (sight === undefined) return 'the first look has not ended yet'
  const now = performance.now()
  if (now - l1Ms > staleMs) return 'L1 does not answer'
  return now - replicaMs > staleMs ? 'the replica does not answer' : undefined
}
