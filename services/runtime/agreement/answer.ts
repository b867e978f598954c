import { hexToBigInt, isHex, toHex } from 'viem'
import { sleep } from '../sleep.ts'
import { NodesDisagreeError } from './errors.ts'
import type { Question, Request } from './question.ts'
import { type Asked, type Member, saidBy, vote } from './vote.ts'

/*
 * What is acted on was said by `agree` nodes, more than half of them, so that fewer liars than that can neither make a fact nor hide one:
 *
 *   facts      (a block by number, a receipt, logs, a call at a block)   the same from `agree` nodes; one that is behind only abstains
 *   the head   the newest block that `agree` nodes have come to, so at least one honest one has; then a fact
 *   `latest`   becomes the number of that head: all are asked of the same state
 *   opinions   (fees, gas)   the median of those who answer; the outbox caps what follows from them
 *   sending    told to all; one that takes it is enough
 */

/** The nodes, and who is to be asked first. */
export type Council = {
  agree: number
  patienceMs: number
  members(): Member[]
  mark(member: Member, fault: 'outvoted' | 'silent', method: string): void
}

export async function answerOf(council: Council, request: Request, question: Question): Promise<unknown> {
  const params: unknown[] = Array.isArray(request.params) ? [...request.params] : []
  switch (question.kind) {
    case 'send':
      return send(council, request)
    case 'opinion':
      return opinion(council, request)
    case 'fact':
      return fact(council, request)
    case 'head': {
      const number = toHex(await height(council, question.tag))
      if (request.method === 'eth_blockNumber') return number
      return fact(council, { ...request, params: [number, ...params.slice(1)] })
    }
    case 'state':
      params[question.at] = toHex(await height(council, question.tag))
      return fact(council, { ...request, params })
  }
}

async function fact(council: Council, request: Request): Promise<unknown> {
  const { agree, patienceMs } = council
  const { answer, outvoted, silent } = await vote({ members: council.members(), agree, patienceMs }, request)
  for (const member of outvoted) council.mark(member, 'outvoted', request.method)
  for (const { member } of silent) council.mark(member, 'silent', request.method)
  if (answer.kind === 'refusal') throw answer.error
  return answer.value
}

/** The height that `agree` nodes have come to under a tag. */
async function height(council: Council, tag: string): Promise<bigint> {
  const method = 'eth_getBlockByNumber'
  const asked = await askAll(council, { method, params: [tag, false] })
  const heights = asked
    .map(({ said }) => (said.kind === 'answer' ? numberOf(said.value) : undefined))
    .filter((number) => number !== undefined)
    .sort((a, b) => (a > b ? -1 : 1))
  const agreed = heights[council.agree - 1]
  if (agreed !== undefined) return agreed
  const said = asked.map(({ member, said: { kind } }) => `${member.name} gives ${kind}`)
  throw new NodesDisagreeError(`${method} ${tag}`, said, council.agree)
}

async function opinion(council: Council, request: Request): Promise<unknown> {
  const asked = await askAll(council, request)
  const answers = asked.flatMap(({ said }) => (said.kind === 'answer' ? [said.value] : []))
  const numbers = answers.filter((value) => isHex(value)).sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  if (numbers.length >= council.agree) return numbers[Math.floor((numbers.length - 1) / 2)]
  // Most refuse it, or it is no number.
  return fact(council, request)
}

/** Those that hang are not waited for. */
async function send(council: Council, request: Request): Promise<unknown> {
  const said = council.members().map((member) => saidBy(member, request))
  const taken = said.map(async (each) => {
    const it = await each
    if (it.kind === 'answer') return it.value
    throw it.error
  })
  try {
    return await Promise.any(taken)
  } catch (error) {
    if (!(error instanceof AggregateError)) throw error
    // Why it was refused says more than that a node is away.
    const failures = (await Promise.all(said)).filter((each) => each.kind !== 'answer')
    throw (failures.find(({ kind }) => kind === 'refusal') ?? failures[0])?.error
  }
}

/** Everybody's word; without those that take longer than `patienceMs`, once there are enough. */
async function askAll(council: Council, request: Request): Promise<Asked[]> {
  const asked: Asked[] = []
  const asking = council.members().map(async (member) => {
    asked.push({ member, said: await saidBy(member, request) })
  })
  const late = new AbortController()
  await Promise.race([Promise.all(asking), sleep(council.patienceMs, late.signal)])
  late.abort()
  const answered = () => asked.filter(({ said }) => said.kind !== 'silence').length
  const waiting = new Set(asking)
  for (const each of asking) each.then(() => waiting.delete(each))
  while (answered() < council.agree && asked.length < asking.length) await Promise.race(waiting)
  return [...asked]
}

function numberOf(block: unknown): bigint | undefined {
  if (typeof block !== 'object' || block === null || !('number' in block)) return undefined
  return isHex(block.number) ? hexToBigInt(block.number) : undefined
}
