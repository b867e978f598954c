import { isAddressEqual, recoverTypedDataAddress } from 'viem'
import { reportTypedData } from '../../oracle/report.ts'
import { askAll } from './askAll.ts'
import { type Ballot, ballotsOf, type SignedReport, withQuorum } from './ballots.ts'
import { firstMissingDay, type NetworkView } from './chain.ts'
import { chooseRows } from './chooseRows.ts'
import { type MissingDay, openMissingDay, proposalFor, readyBallot } from './missingDay.ts'
import { domainOf, hear, isSigner, mayVote, type Node } from './node.ts'
import type { PeerClient } from './peers/client.ts'
import { isBy } from './peers/envelope.ts'
import { maxDays, type Proposal, proposeAnswer, signedAnswer, toldRow } from './peers/messages.ts'
import { paths } from './peers/server.ts'
import { leads, openRound, turnAt, turnSeconds } from './turns.ts'

/** What others know is waited for no longer than this; whoever is slower is asked again the next time. */
const collectPatienceMs = 1_000
/** A little more than a request may take. */
const proposePatienceMs = 5_500
const leastPauseMs = 250
const longestPauseMs = 2_000

export type Gathering = Node & {
  clients: readonly PeerClient[]
  /** Milliseconds on a clock that never goes back. */
  now: () => number
}

export type Gatherer = {
  /** The days, in order and from the first missing one on, that a quorum now stands behind. None when it is not this node's turn. */
  gather(view: NetworkView, lastSourceDay: number | undefined): Promise<Ballot[]>
}

/** Gathers signatures: the leader proposes; the others look, when half of its turn is over, for a quorum that nobody sent. */
export function createGatherer(node: Gathering): Gatherer {
  let last = { turn: '', isLeader: false, until: 0 }

  return {
    gather: async (view, lastSourceDay) => {
      const first = firstMissingDay(view)
      const { attempt, late } = turnAt(view.clock, first, view.time)
      const isLeader = leads(view.signers, node.account.address, first, attempt)
      const turn = `${first}/${attempt}`
      // Whoever looked in vain need not look again at once; but whose turn has come begins with it.
      const isDue = node.now() >= last.until || (isLeader && !(last.isLeader && last.turn === turn))
      if (!isDue || !(isLeader || late) || !isSigner(node, view)) return []
      const early =
        isLeader && node.live ? await chooseRows(node, view, overDays(view, lastSourceDay)) : undefined
      const days = await missingDays(node, view, lastSourceDay)
      if (days.length === 0) return []

      await collect(node, view, days)
      if (early !== undefined) {
        await propose(node, view, { days: days.filter(({ day }) => !early.has(day)), attempt })
      }
      const ready = await quorums(node, view, days)
      last = { turn, isLeader, until: ready.length > 0 ? 0 : node.now() + pauseMs(view, isLeader) }
      return ready
    },
  }
}

function pauseMs({ clock }: NetworkView, isLeader: boolean): number {
  const turnMs = turnSeconds(clock) * 1_000
  return isLeader ? Math.min(Math.max(turnMs / 8, leastPauseMs), longestPauseMs) : turnMs
}

/** Days that are over by the chain's clock, closed by this node's own source, and missing. */
export function overDays(view: NetworkView, lastSourceDay: number | undefined): number[] {
  const first = firstMissingDay(view)
  const last = Math.min(lastSourceDay ?? 0, view.epoch - 1, first + maxDays - 1)
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, offset) => first + offset)
}

/** Those of them, from the first one on, of which this node may speak. */
async function missingDays(
  node: Node,
  view: NetworkView,
  lastSourceDay: number | undefined,
): Promise<MissingDay[]> {
  const days: MissingDay[] = []
  for (const day of overDays(view, lastSourceDay)) {
    const missing = await openMissingDay(node, view, day)
    if (missing === undefined || !(await mayVote(node, day))) break
    days.push(missing)
  }
  return days
}

/** Asks the peers what they have signed. */
async function collect(node: Gathering, view: NetworkView, days: readonly MissingDay[]): Promise<void> {
  const request = { network: node.network, firstDay: days[0]?.day, lastDay: days.at(-1)?.day }
  await askAll({ ...node, patienceMs: collectPatienceMs }, async (client) => {
    const { signed } = await client.ask(paths.signed, request, signedAnswer)
    for (const each of signed) await count(node, view, days, { ...each, signer: client.address })
  })
}

type Proposing = { days: readonly MissingDay[]; attempt: number }

/** Signs what is to be proposed, then asks the others to sign it too. */
async function propose(node: Gathering, view: NetworkView, { days, attempt }: Proposing): Promise<void> {
  const proposals: Proposal[] = []
  for (const missing of days) {
    const report = await proposalFor(node, view, missing)
    if (report === undefined) continue
    const own = await node.journal.sign(report, domainOf(node, view))
    missing.count({ report, ...own })
    node.metrics.signed()
    node.log.info({ day: report.day, round: report.round, attempt }, 'relayer.day.proposed')
    const rows = (await node.rows.rowsOf(report.day, report.poolRowsRoot)) ?? []
    proposals.push({ attempt, report, signature: own.signature, rows })
  }
  if (proposals.length === 0) return
  const message = {
    configDigest: view.configDigest,
    proposals: proposals.map((proposal) => ({ ...proposal, rows: proposal.rows.map(toldRow) })),
  }
  const enough = () => days.every(({ signed }) => withQuorum(ballotsOf(signed), view.quorum) !== undefined)
  await askAll({ ...node, patienceMs: proposePatienceMs, enough }, async (client) => {
    const { answers } = await client.ask(paths.propose, message, proposeAnswer)
    for (const [at, answer] of answers.entries()) {
      const report = proposals[at]?.report
      if (report === undefined) return
      if (answer.kind === 'signed') {
        await count(node, view, days, { report, signature: answer.signature, signer: client.address })
        continue
      }
      const { reason, detail } = answer
      node.metrics.refusedBy(client.address, reason)
      node.log.debug({ peer: client.address, day: report.day, reason, detail }, 'relayer.proposal.refused')
    }
  })
}

/** Counts a signature once it is shown to be that peer's own: a peer may say anything, and what is not so is passed over. */
async function count(
  node: Node,
  view: NetworkView,
  days: readonly MissingDay[],
  signed: SignedReport,
): Promise<void> {
  const { report, signature, signer } = signed
  const missing = days.find(({ day }) => day === report.day)
  if (missing === undefined || report.network !== node.network || missing.has(signed)) return
  if (!view.signers.some((each) => isAddressEqual(each, signer))) return
  if (report.round > openRound(view.clock, report.day, view.time)) return
  const domain = domainOf(node, view)
  if (!(await isBy(signer, recoverTypedDataAddress({ ...reportTypedData(report, domain), signature })))) {
    node.metrics.peerFailed(signer, 'ForeignSignature')
    return
  }
  await hear(node, signed, domain)
  missing.count(signed)
}

/** The first missing days with a quorum; a day after a gap can not be attested. */
async function quorums(node: Node, view: NetworkView, days: readonly MissingDay[]): Promise<Ballot[]> {
  const ready: Ballot[] = []
  for (const missing of days) {
    const ballot = await readyBallot(node, view, missing)
    if (ballot === undefined) break
    ready.push(ballot)
  }
  return ready
}
