import { isAddressEqual, type LocalAccount } from 'viem'
import { type Report, type ReportDomain, reportDigest, reportOf } from '../../oracle/report.ts'
import type { Log } from '../runtime/log.ts'
import type { SignedReport } from './ballots.ts'
import type { NetworkView } from './chain.ts'
import type { Days } from './days.ts'
import type { Disagreements } from './disagreements.ts'
import type { Journal } from './journal.ts'
import type { NodeMetrics } from './metrics.ts'
import type { EnvelopeDomain } from './peers/envelope.ts'
import { isPlausible } from './plausible.ts'
import type { PoolRows } from './pools/poolRows.ts'
import type { JournalStore } from './store.ts'

/** One node: one key, one journal, and what it knows. */
export type Node = {
  account: LocalAccount
  network: number
  index: EnvelopeDomain
  /** Whether it signs and sends; otherwise it only looks, compares and says what it would do. */
  live: boolean
  store: Pick<JournalStore, 'signedOf' | 'hear' | 'heardOf'>
  journal: Journal
  days: Pick<Days, 'totals' | 'lastClosed'>
  rows: PoolRows
  disagreements: Disagreements
  /** What the chain said in the last round; undefined when that was too long ago to act on. */
  view(): NetworkView | undefined
  metrics: NodeMetrics
  log: Log
}

export const domainOf = (node: Pick<Node, 'index'>, { configDigest }: NetworkView): ReportDomain => ({
  ...node.index,
  configDigest,
})

export const isSigner = ({ account }: Pick<Node, 'account'>, { signers }: NetworkView): boolean =>
  signers.some((signer) => isAddressEqual(signer, account.address))

/** This node's report of a day for any round; undefined while its source has not closed that day. */
export async function ownReport(
  { days, rows, network }: Pick<Node, 'days' | 'rows' | 'network'>,
  day: number,
): Promise<((round: number) => Report) | undefined> {
  const totals = await days.totals(day)
  if (totals === undefined) return undefined
  const poolRowsRoot = rows.rootOf(day)
  const report = { ...reportOf(totals, { network, round: 1 }), poolRowsRoot }
  return (round) => ({ ...report, round })
}

/** Whether this node may speak of a day at all: a vote is withheld rather than wrong. */
export async function mayVote({ days, metrics, log }: Pick<Node, 'days' | 'metrics' | 'log'>, day: number) {
  const [totals, before] = [await days.totals(day), await days.totals(day - 1)]
  if (totals === undefined) return false
  if (isPlausible(totals, before)) return true
  metrics.implausible()
  log.error({ day, subsidy: totals.subsidy, work: totals.work }, 'relayer.day.implausible')
  return false
}

/** Keeps what a peer signed, and tells where it contradicts itself or this node. The signature has been checked. */
export async function hear(node: Node, signed: SignedReport, domain: ReportDomain): Promise<void> {
  const { store, disagreements, metrics, log } = node
  const { report, signer } = signed
  const news = await store.hear({
    ...signed,
    ...{ digest: reportDigest(report, domain), configDigest: domain.configDigest },
  })
  if (news === 'known') return
  if (news === 'equivocation') {
    metrics.equivocation(signer)
    log.error({ peer: signer, day: report.day, round: report.round }, 'relayer.peer.equivocated')
  }
  await disagreements.judge(signed)
}
