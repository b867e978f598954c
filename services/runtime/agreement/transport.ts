import { type CustomTransport, createClient, custom, http } from 'viem'
import { largestAnswerBytes } from '../../../chain/answerSize.ts'
import type { Log } from '../log.ts'
import { answerOf, type Council } from './answer.ts'
import { AgreementConfigError } from './errors.ts'
import { questionOf, type Request } from './question.ts'
import type { Member } from './vote.ts'

export type AgreementParameters = {
  members: readonly Member[]
  /** How many have to say the same; more than half of them. */
  agree: number
  log: Log
  /** After this the next node is asked beside one that has not answered yet. */
  patienceMs?: number
}

/** How often a node said something else than those that agreed, or nothing. */
export type Standing = { name: string; outvoted: number; silent: number }

export type Agreement = {
  transport: CustomTransport
  standings(): Standing[]
}

/**
 * Several nodes of one chain as one transport; see `answer.ts` for what that means. Nobody is asked who is not needed, and who was outvoted or
 * silent comes last from then on. Throws AgreementConfigError where half of them could win.
 */
export function openAgreement({ members, agree, log, patienceMs = 1_500 }: AgreementParameters): Agreement {
  if (agree > members.length || agree * 2 <= members.length) {
    throw new AgreementConfigError(members.length, agree)
  }
  const marks = new Map(members.map((member) => [member, { outvoted: 0, silent: 0, lastFault: 0 }]))
  let faults = 0
  const faultOf = (member: Member) => marks.get(member)?.lastFault ?? 0
  const council: Council = {
    ...{ agree, patienceMs },
    members: () => [...members].sort((a, b) => faultOf(a) - faultOf(b)),
    mark: (member, kind, method) => {
      const marked = marks.get(member)
      if (marked === undefined) return
      marked[kind] += 1
      faults += 1
      marked.lastFault = faults
      log.warn({ node: member.name, method }, `node.${kind}`)
    },
  }
  const request = (asked: Request) => answerOf(council, asked, questionOf(asked))
  return {
    // A second try is the caller's: it may not repeat what changes the chain.
    transport: custom({ request }, { retryCount: 0 }),
    standings: () => [...marks].map(([{ name }, { outvoted, silent }]) => ({ name, outvoted, silent })),
  }
}

/** A node at a URL. Its name is host and port: what else is in a URL may be a secret. */
export function httpMember(url: string, timeoutMs = 10_000): Member {
  const client = createClient({
    transport: http(url, { retryCount: 0, timeout: timeoutMs, maxResponseBodySize: largestAnswerBytes }),
  })
  // Safe: viem sends any method as it is.
  const request = client.request as unknown as (request: Request) => Promise<unknown>
  return { name: new URL(url).host, ask: (each) => request(each) }
}
