import { reportDigest } from '../../oracle/report.ts'
import type { Log } from '../runtime/log.ts'
import type { Ballot } from './ballots.ts'
import { firstMissingDay, firstRound, type NetworkView } from './chain.ts'
import { domainOf, isSigner, type Node, ownReport } from './node.ts'
import { openRound } from './turns.ts'

export type Plan = {
  /** Says once for each report what this node would sign, and once for each quorum what it would send. */
  show(node: Node, view: NetworkView, ballots: readonly Ballot[]): Promise<void>
}

/** What a process that only looks on says instead of acting. */
export function createPlan(log: Log): Plan {
  const told = new Set<string>()
  const once = (what: string, tell: () => void) => {
    if (told.has(what)) return
    if (told.size > 1_000) told.clear()
    told.add(what)
    tell()
  }
  return {
    show: async (node, view, ballots) => {
      const { address } = node.account
      const day = firstMissingDay(view)
      const round = firstRound(view, day)
      const isOpen = openRound(view.clock, day, view.time) >= round
      const report = isOpen ? (await ownReport(node, day))?.(round) : undefined
      if (report !== undefined) {
        const digest = reportDigest(report, domainOf(node, view))
        const facts = { address, isSigner: isSigner(node, view), digest, ...report }
        once(`sign ${address} ${digest}`, () => log.info(facts, 'relayer.plan.sign'))
      }
      for (const { report: agreed, signatures } of ballots) {
        const digest = reportDigest(agreed, domainOf(node, view))
        const facts = { address, day: agreed.day, round: agreed.round, digest, signatures: signatures.length }
        once(`send ${digest}`, () => log.info(facts, 'relayer.plan.send'))
      }
    },
  }
}
