import { type Address, getAddress, type Hash, type Hex } from 'viem'
import { type Report, type ReportSignature, statementHash } from '../../oracle/report.ts'

/** A report and one signer's signature of it, checked. */
export type SignedReport = { report: Report; signer: Address; signature: Hex }

/** One statement and everybody who signed it. */
export type Ballot = { report: Report; signatures: readonly ReportSignature[] }

/** What has been signed for one day, each signer once in a ballot, in the order of arrival. */
export function ballotsOf(signed: readonly SignedReport[]): Ballot[] {
  const found = new Map<Hash, { report: Report; signatures: Map<Address, Hex> }>()
  for (const { report, signer, signature } of signed) {
    const statement = statementHash(report)
    const ballot = found.get(statement) ?? { report, signatures: new Map<Address, Hex>() }
    ballot.signatures.set(getAddress(signer), signature)
    found.set(statement, ballot)
  }
  return [...found.values()].map(({ report, signatures }) => ({
    report,
    signatures: [...signatures].map(([signer, signature]) => ({ signer, signature })),
  }))
}

export function withQuorum(ballots: readonly Ballot[], quorum: number): Ballot | undefined {
  return ballots.find(({ signatures }) => signatures.length >= quorum)
}

export type Candidates = {
  /** Every ballot of the day that is known. */
  ballots: readonly Ballot[]
  /** Those of them that this node would sign. */
  acceptable: ReadonlySet<Ballot>
  node: Address
  /** The first round that counts: 1, but for a day whose report was voided. */
  firstRound: number
  /** The latest round that is open. */
  openRound: number
  /** This node's own report in a round. */
  own: (round: number) => Report
}

/**
 * What to propose: in the round in which the fewest signers are bound to something else, the earliest of those, and
 * there what most have signed already. A signer who is bound has signed another statement in that round and can sign no second one.
 * Undefined when this node itself is bound in every open round.
 */
export function chooseReport({
  ballots,
  acceptable,
  node,
  firstRound,
  openRound,
  own,
}: Candidates): Report | undefined {
  let best: { report: Report; bound: number } | undefined
  for (const round of roundsWorthLooking(ballots, firstRound, openRound)) {
    const here = ballots.filter(({ report }) => report.round === round)
    const joined = mostSigned(here.filter((ballot) => acceptable.has(ballot)))
    const others = here.filter((ballot) => ballot !== joined)
    const bound = new Set(others.flatMap(({ signatures }) => signatures.map(({ signer }) => signer)))
    if (bound.has(getAddress(node))) continue
    if (best === undefined || bound.size < best.bound)
      best = { report: joined?.report ?? own(round), bound: bound.size }
  }
  return best?.report
}

/** Those in which somebody signed, and the first in which nobody did: all later ones are like it. */
function roundsWorthLooking(ballots: readonly Ballot[], firstRound: number, openRound: number): number[] {
  const rounds = ballots.map(({ report }) => report.round)
  const used = new Set(rounds.filter((round) => round >= firstRound && round <= openRound))
  let unused = firstRound
  while (used.has(unused)) unused += 1
  return [...used, ...(unused <= openRound ? [unused] : [])].sort((a, b) => a - b)
}

/** Ties go to the smaller statement, so that two leaders come to the same. */
function mostSigned(ballots: readonly Ballot[]): Ballot | undefined {
  return [...ballots].sort(
    (a, b) =>
      b.signatures.length - a.signatures.length ||
      (statementHash(a.report) < statementHash(b.report) ? -1 : 1),
  )[0]
}
