import type { Report } from '../../oracle/report.ts'
import type { Log } from '../runtime/log.ts'
import { differences } from './agree.ts'
import type { SignedReport } from './ballots.ts'
import type { NodeMetrics } from './metrics.ts'

/** Sets what peers signed beside this node's own report, each statement once. */
export type Disagreements = {
  /** At once, or kept for later while this node's source has not closed the day. */
  judge(signed: SignedReport): Promise<void>
  /** Judges what came too early. */
  judgeLate(): Promise<void>
}

export type DisagreementsParameters = {
  /** Undefined while its source has not closed the day. */
  ownReport: (day: number) => Promise<((round: number) => Report) | undefined>
  metrics: Pick<NodeMetrics, 'disagreement'>
  log: Pick<Log, 'error'>
}

/** What it keeps has an end: peers are heard on the days from the first missing one on, a few times each. */
export function openDisagreements({ ownReport, metrics, log }: DisagreementsParameters): Disagreements {
  let early: SignedReport[] = []

  async function judge(signed: SignedReport): Promise<void> {
    const { report, signer } = signed
    const own = (await ownReport(report.day))?.(report.round)
    if (own === undefined) {
      early.push(signed)
      return
    }
    const fields = differences(own, report)
    if (fields.length === 0) return
    metrics.disagreement(signer)
    log.error({ peer: signer, day: report.day, round: report.round, fields }, 'relayer.peer.disagrees')
  }

  return {
    judge,
    judgeLate: async () => {
      const kept = early
      early = []
      for (const signed of kept) await judge(signed)
    },
  }
}
