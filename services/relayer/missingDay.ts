import { isAddressEqual } from 'viem'
import { type Report, reportDigest, statementHash } from '../../oracle/report.ts'
import { acceptable } from './agree.ts'
import { type Ballot, ballotsOf, chooseReport, type SignedReport } from './ballots.ts'
import { firstRound, type NetworkView } from './chain.ts'
import { domainOf, type Node, ownReport } from './node.ts'
import { openRound } from './turns.ts'

/** A day that the chain lacks: what this node would report, and who is known to have signed what. */
export type MissingDay = {
  day: number
  own: (round: number) => Report
  signed: readonly SignedReport[]
  /** Counts a signature of a signer, which has been checked, once. */
  count(signed: SignedReport): void
  has(signed: SignedReport): boolean
}

/** Begins with this node's own signatures and with those it heard before. Undefined while its source has not closed the day. */
export async function openMissingDay(
  node: Node,
  view: NetworkView,
  day: number,
): Promise<MissingDay | undefined> {
  const own = await ownReport(node, day)
  if (own === undefined) return undefined
  const domain = domainOf(node, view)
  const heard = await node.store.heardOf({ network: node.network, day })
  const current = heard.filter(({ report, digest }) => digest === reportDigest(report, domain))
  const known: SignedReport[] = [
    ...(await node.journal.signedOf({ network: node.network, day }, domain)),
    ...current.filter(({ signer }) => view.signers.some((each) => isAddressEqual(each, signer))),
  ]
  const counts = ({ report }: SignedReport) => report.round >= firstRound(view, day)
  const signed = known.filter(counts)
  const has = ({ report, signer }: SignedReport) => {
    const statement = statementHash(report)
    return signed.some(
      (each) => isAddressEqual(each.signer, signer) && statementHash(each.report) === statement,
    )
  }
  return {
    ...{ day, own, signed, has },
    count: (each) => {
      if (counts(each) && !has(each)) signed.push(each)
    },
  }
}

/** What to propose for a day; undefined where a quorum stands already, or this node can sign nothing more in any open round. */
export async function proposalFor(
  node: Node,
  view: NetworkView,
  missing: MissingDay,
): Promise<Report | undefined> {
  if ((await readyBallot(node, view, missing)) !== undefined) return undefined
  const ballots = ballotsOf(missing.signed)
  return chooseReport({
    ballots,
    acceptable: await acceptableOf(node, missing, ballots),
    node: node.account.address,
    firstRound: firstRound(view, missing.day),
    openRound: openRound(view.clock, missing.day, view.time),
    own: missing.own,
  })
}

/** What a quorum stands behind, and this node too: it helps nothing on that it would not sign. */
export async function readyBallot(
  node: Node,
  view: NetworkView,
  missing: MissingDay,
): Promise<Ballot | undefined> {
  const ballots = ballotsOf(missing.signed).filter(({ signatures }) => signatures.length >= view.quorum)
  const [ready] = await acceptableOf(node, missing, ballots)
  return ready
}

async function acceptableOf(
  { rows }: Node,
  { own }: MissingDay,
  ballots: readonly Ballot[],
): Promise<ReadonlySet<Ballot>> {
  const found = new Set<Ballot>()
  for (const ballot of ballots) {
    if (await acceptable(own(ballot.report.round), ballot.report, rows)) found.add(ballot)
  }
  return found
}
