import { RpcRequestError, BaseError as ViemError } from 'viem'
import { sleep } from '../sleep.ts'
import { NodesDisagreeError } from './errors.ts'
import type { Request } from './question.ts'

/** One node of several. */
export type Member = {
  /** Host and port: a URL may hold a key. */
  name: string
  ask(request: Request): Promise<unknown>
}

/** What a node said. A node that did not answer has said nothing. */
export type Said =
  | { kind: 'answer'; value: unknown }
  | { kind: 'refusal'; error: unknown }
  | { kind: 'silence'; error: unknown }

export type Asked = { member: Member; said: Said }

export type Verdict = {
  answer: Exclude<Said, { kind: 'silence' }>
  /** Those whose answer was another one. */
  outvoted: readonly Member[]
  silent: readonly Asked[]
}

export async function saidBy(member: Member, request: Request): Promise<Said> {
  try {
    return { kind: 'answer', value: await member.ask(request) }
  } catch (error) {
    if (!(error instanceof ViemError)) throw error
    // A request that the node refuses is an answer as well: a call that reverts does so everywhere.
    const refusal = error.walk((cause) => cause instanceof RpcRequestError)
    return refusal === null ? { kind: 'silence', error } : { kind: 'refusal', error }
  }
}

export type VoteParameters = {
  members: readonly Member[]
  /** How many have to say the same. */
  agree: number
  /** A node that has not answered by then is no longer waited for alone: the next one is asked too. */
  patienceMs: number
}

/** Asks as many nodes as are needed, the first ones first, until enough say the same. Throws NodesDisagreeError when all were asked in vain. */
export async function vote(
  { members, agree, patienceMs }: VoteParameters,
  request: Request,
): Promise<Verdict> {
  const asked: Asked[] = []
  const waiting = new Set<Promise<unknown>>()
  const left = [...members]
  const askNext = () => {
    const member = left.shift()
    if (member === undefined) return
    const asking = saidBy(member, request).then((said) => {
      asked.push({ member, said })
      waiting.delete(asking)
    })
    waiting.add(asking)
  }
  for (let count = 0; count < agree; count++) askNext()
  for (;;) {
    const verdict = verdictOf(asked, agree)
    if (verdict !== undefined) return verdict
    // Those that have not answered could still bring it about, if they all said the same.
    const missing = agree - largest(asked)
    while (left.length > 0 && waiting.size < missing) askNext()
    if (waiting.size === 0) throw new NodesDisagreeError(request.method, asked.map(described), agree)
    const late = new AbortController()
    const patience = sleep(patienceMs, late.signal).then(() => 'late')
    const first = await Promise.race([...waiting, patience])
    late.abort()
    if (first === 'late') askNext()
  }
}

function verdictOf(asked: readonly Asked[], agree: number): Verdict | undefined {
  for (const voices of ballots(asked).values()) {
    const [first] = voices
    if (voices.length < agree || first === undefined || first.said.kind === 'silence') continue
    const others = asked.filter((each) => !voices.includes(each))
    return {
      answer: first.said,
      outvoted: others.filter(({ said }) => said.kind !== 'silence').map(({ member }) => member),
      silent: others.filter(({ said }) => said.kind === 'silence'),
    }
  }
  return undefined
}

function largest(asked: readonly Asked[]): number {
  return Math.max(0, ...[...ballots(asked).values()].map((voices) => voices.length))
}

function ballots(asked: readonly Asked[]): Map<string, Asked[]> {
  const found = new Map<string, Asked[]>()
  for (const each of asked) {
    if (each.said.kind === 'silence') continue
    const key = keyOf(each.said)
    found.set(key, [...(found.get(key) ?? []), each])
  }
  return found
}

function keyOf(said: Exclude<Said, { kind: 'silence' }>): string {
  if (said.kind === 'answer') return `answer ${canonical(said.value)}`
  const refusal =
    said.error instanceof ViemError ? said.error.walk((cause) => cause instanceof RpcRequestError) : null
  // Words differ between programs; what a contract reverted with does not.
  const { code, data } = refusal instanceof RpcRequestError ? refusal : { code: undefined, data: undefined }
  return `refusal ${code} ${canonical(data)}`
}

/** Fields that nodes of one chain fill differently, and of which nothing follows. */
const ownFields = new Set(['totalDifficulty', 'size', 'blockTimestamp', 'yParity', 'v', 'accessList'])

/** The same text for the same answer, whichever program wrote it. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, field) => {
      if (typeof field === 'string') return field.toLowerCase()
      if (typeof field !== 'object' || field === null || Array.isArray(field)) return field
      // An absent field and an empty one are the same.
      const fields = Object.entries(field).filter(
        ([name, inner]) => !ownFields.has(name) && inner !== null && inner !== undefined,
      )
      return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)))
    }) ?? 'nothing'
  )
}

function described({ member, said }: Asked): string {
  if (said.kind === 'silence') return `${member.name} is silent`
  const text = said.kind === 'answer' ? canonical(said.value) : 'an error'
  return `${member.name} says ${text.length > 80 ? `${text.slice(0, 80)}…` : text}`
}
