import type { LocalAccount } from 'viem'
import {
  type Report,
  type ReportDomain,
  type ReportSignature,
  reportDigest,
  signReport,
  statementHash,
} from '../../oracle/report.ts'
import { mutex } from '../runtime/mutex.ts'
import { EquivocationError } from './errors.ts'
import type { JournalStore } from './store.ts'

export type Journal = {
  /** Signs after the report is on disk; refuses a second report for the same network, day and round. */
  sign(report: Report, domain: ReportDomain): Promise<ReportSignature>
  /** The same bytes again of what this key has signed for a day under this signer set, in the order of the rounds. */
  signedOf(
    day: Pick<Report, 'network' | 'day'>,
    domain: ReportDomain,
  ): Promise<(ReportSignature & { report: Report })[]>
}

export type JournalParameters = {
  store: Pick<JournalStore, 'signed' | 'signedOf' | 'recordSigned'>
  account: LocalAccount
}

/** The only way to a signature of a report in this service. */
export function openJournal({ store, account }: JournalParameters): Journal {
  const exclusive = mutex()
  return {
    sign: async (report, domain) => {
      await exclusive(() => record(store, report, domain))
      return signReport(account, report, domain)
    },
    signedOf: async (day, domain) => {
      const known = await store.signedOf(day)
      const here = known.filter(({ report, digests }) => digests.includes(reportDigest(report, domain)))
      return Promise.all(
        here.map(async ({ report }) => ({ report, ...(await signReport(account, report, domain)) })),
      )
    },
  }
}

export const journalKey = ({ network, day, round }: Pick<Report, 'network' | 'day' | 'round'>): string =>
  `${network}/${day}/${round}`

async function record(
  store: JournalParameters['store'],
  report: Report,
  domain: ReportDomain,
): Promise<void> {
  const key = journalKey(report)
  const statement = statementHash(report)
  const digest = reportDigest(report, domain)
  const known = await store.signed(key)
  if (known !== undefined && known.statement !== statement) {
    throw new EquivocationError(key, known.statement, statement)
  }
  if (known?.digests.includes(digest)) return
  await store.recordSigned(key, { statement, digests: [...(known?.digests ?? []), digest], report })
}
