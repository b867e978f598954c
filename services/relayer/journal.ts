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
import type { RelayerStore } from './store.ts'

export type Journal = {
  /** Signs with every account, after the report is on disk; refuses a second report for the same network, day and round. */
  sign(report: Report, domain: ReportDomain): Promise<ReportSignature[]>
}

export type JournalParameters = {
  store: Pick<RelayerStore, 'signed' | 'recordSigned'>
  accounts: readonly LocalAccount[]
}

/** The only way to a signature in this service. */
export function openJournal({ store, accounts }: JournalParameters): Journal {
  const exclusive = mutex()
  return {
    sign: async (report, domain) => {
      await exclusive(() => record(store, report, domain))
      return Promise.all(accounts.map((account) => signReport(account, report, domain)))
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
