import { type Address, isAddressEqual, recoverTypedDataAddress, zeroHash } from 'viem'
import type { PoolRow } from '../../oracle/pools/poolRow.ts'
import { type Report, type ReportDomain, reportTypedData } from '../../oracle/report.ts'
import { acceptable, differences } from './agree.ts'
import { firstMissingDay, firstRound, type NetworkView } from './chain.ts'
import { EquivocationError } from './errors.ts'
import { domainOf, hear, isSigner, mayVote, type Node, ownReport } from './node.ts'
import { isBy } from './peers/envelope.ts'
import {
  maxDays,
  maxRoundsTold,
  type Proposal,
  type ProposeAnswer,
  type Refusal,
  type SignedAnswer,
  type SignedRequest,
  toldRow,
} from './peers/messages.ts'
import type { PeerHandlers } from './peers/server.ts'
import { leads, openRound, turnAt } from './turns.ts'

type Answer = ProposeAnswer['answers'][number]

/** What a node answers. Whoever asks, and however often: it signs what equals its own totals, through the journal, and nothing else. */
export function createHandlers(node: Node): PeerHandlers {
  return {
    hello: async () => {
      const [view, lastClosedDay] = [node.view(), await node.days.lastClosed()]
      return {
        address: node.account.address,
        network: node.network,
        live: node.live,
        ...(view === undefined ? {} : { configDigest: view.configDigest }),
        ...(lastClosedDay === undefined ? {} : { lastClosedDay }),
      }
    },
    signed: (request) => signedDays(node, request),
    rows: (request) => seenRows(node, request),
    propose: async ({ configDigest, proposals }, from) => {
      const view = node.view()
      const answers: Answer[] = []
      for (const proposal of proposals) {
        answers.push(
          view === undefined
            ? refused('not-ready', 'This node has not read the chain lately.')
            : view.configDigest !== configDigest
              ? refused('other-config', `The signer set is ${view.configDigest} here.`)
              : await answerProposal(node, view, proposal, from),
        )
      }
      for (const answer of answers) node.metrics.answered(answer.kind === 'signed' ? 'signed' : answer.reason)
      return { answers }
    },
  }
}

async function seenRows(node: Node, { network, firstDay, lastDay }: SignedRequest) {
  const [rows, ready]: [PoolRow[], number[]] = [[], []]
  if (network !== node.network) return { rows: [], ready }
  for (let day = firstDay; day <= lastDay; day++) {
    rows.push(...(await node.rows.seen(day)))
    if ((await node.days.totals(day)) !== undefined && !node.rows.waitsFor(day)) ready.push(day)
  }
  return { rows: rows.map(toldRow), ready }
}

async function signedDays(node: Node, { network, firstDay, lastDay }: SignedRequest): Promise<SignedAnswer> {
  const view = node.view()
  if (view === undefined || network !== node.network) return { signed: [] }
  const signed: SignedAnswer['signed'] = []
  for (let day = firstDay; day <= lastDay; day++) {
    const known = await node.journal.signedOf({ network, day }, domainOf(node, view))
    signed.push(...known.slice(-maxRoundsTold).map(({ report, signature }) => ({ report, signature })))
  }
  return { signed }
}

async function answerProposal(
  node: Node,
  view: NetworkView,
  { report, signature, attempt, rows }: Proposal,
  from: Address,
): Promise<Answer> {
  const domain = domainOf(node, view)
  const problem = unfit(node, view, report)
  if (problem !== undefined) return problem
  if (!view.signers.some((signer) => isAddressEqual(signer, from))) {
    return refused('not-a-signer', `${from} is not a signer of network ${node.network}.`)
  }
  if (!(await isBy(from, recoverTypedDataAddress({ ...reportTypedData(report, domain), signature })))) {
    return refused('bad-signature', 'A proposal carries its own proposer’s signature.')
  }
  await hear(node, { report, signature, signer: from }, domain)
  return compare(node, view, { report, attempt, from, domain, rows })
}

/** What is wrong with a proposal before anything is compared. */
function unfit(node: Node, view: NetworkView, { network, day, round }: Report): Answer | undefined {
  if (network !== node.network) return refused('other-network', `This node serves network ${node.network}.`)
  if (!node.live) return refused('observing', 'This node only looks on.')
  if (!isSigner(node, view)) return refused('not-a-signer', 'This node is no signer now.')
  if (day >= view.epoch) return refused('day-not-over', `It is day ${view.epoch} by the chain's clock.`)
  const first = firstMissingDay(view)
  if (day < first) return refused('already-settled', `The next day is ${first}.`)
  if (day >= first + maxDays) return refused('day-unknown', `The next day is ${first}; come back later.`)
  const earliest = firstRound(view, day)
  if (round < earliest)
    return refused('round-over', `A report of this day was voided: it counts from round ${earliest} on.`)
  const open = openRound(view.clock, day, view.time)
  if (round > open) return refused('round-not-open', `Round ${open} is the latest that is open.`)
  return undefined
}

type Compared = Pick<Proposal, 'report' | 'attempt' | 'rows'> & { from: Address; domain: ReportDomain }

async function compare(
  node: Node,
  view: NetworkView,
  { report, attempt, from, domain, rows }: Compared,
): Promise<Answer> {
  const own = (await ownReport(node, report.day))?.(report.round)
  if (own === undefined) return refused('day-unknown', 'The source has not closed this day yet.')
  const fields = differences(own, report)
  if (fields.length > 0) return refused('differs', `These fields differ: ${fields.join(', ')}.`)
  if (report.poolRowsRoot !== zeroHash || (await node.rows.seen(report.day)).length > 0) {
    // Only where there is something to choose does it matter who chooses: two who race would split the votes.
    const hasCome = attempt <= turnAt(view.clock, report.day, view.time).attempt
    if (!hasCome || !leads(view.signers, from, report.day, attempt)) {
      return refused('not-your-turn', 'What rows there are is taken from the leader alone.')
    }
    await node.rows.offer(report.day, report.poolRowsRoot, rows)
    if (!(await acceptable(own, report, node.rows)))
      return refused('differs', 'The pool rows are too far apart.')
  }
  if (!(await mayVote(node, report.day))) return refused('implausible', 'The totals can not be right.')
  return sign(node, report, domain)
}

async function sign(node: Node, report: Report, domain: ReportDomain): Promise<Answer> {
  try {
    const { signature } = await node.journal.sign(report, domain)
    node.metrics.signed()
    node.log.info({ day: report.day, round: report.round }, 'relayer.day.signed')
    return { kind: 'signed', signature }
  } catch (error) {
    if (!(error instanceof EquivocationError)) throw error
    return refused('signed-another', 'This node is bound to another statement in this round.')
  }
}

function refused(reason: Refusal, detail: string): Answer {
  return { kind: 'refused', reason, detail }
}
