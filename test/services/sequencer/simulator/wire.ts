import {
  createPublicClient,
  custom,
  HttpRequestError,
  type PublicClient,
  RpcRequestError,
  TimeoutError,
} from 'viem'
import type { Member } from '../../../../services/runtime/agreement/vote.ts'
import { NodeRefusalError, RevertError } from './errors.ts'
import type { Fault, Faults } from './faults.ts'
import type { Random } from './random.ts'
import type { Owner, Schedule } from './schedule.ts'

/** The far end of a connection. */
export type Node = {
  url: string
  /** Methods that change the node: their effect and their answer are two things, and a kill may fall between them. */
  changes: readonly string[]
  isUp: () => boolean
  answer: (method: string, params: readonly unknown[]) => unknown
}

export type WireParts = {
  schedule: Schedule
  random: Random
  faults: Faults
  owner: Owner
  onBug: (error: unknown) => void
}
type Request = { method: string; params?: readonly unknown[] }

/** A client as the service makes it, with the network between it and a node that is the simulation's. */
export function connectTo(node: Node, parts: WireParts): PublicClient {
  const provider = { request: (request: Request) => send(node, parts, request) }
  return createPublicClient({
    transport: custom(provider, { retryCount: 2 }),
    cacheTime: 0,
    pollingInterval: 100,
  })
}

/** One of several nodes that have to agree. */
export function memberOf(node: Node, parts: WireParts): Member {
  return { name: new URL(node.url).host, ask: (request) => send(node, parts, request as Request) }
}

/** For what has to reach the node even when its sender is killed. */
const wire: Owner = { alive: true, pausedUntil: 0 }

function send(node: Node, parts: WireParts, request: Request): Promise<unknown> {
  const { schedule, random, faults, owner } = parts
  const { method } = request
  const changes = node.changes.includes(method)
  return new Promise((resolve, reject) => {
    const later = (ms: number, what: string, run: () => void) => {
      schedule.after(ms, owner, `${what} ${method}`, run)
    }
    schedule.after(1 + random.below(20), changes ? wire : owner, `${node.url.slice(7, 9)} ${method}`, () => {
      const fail = (fault: Fault) => faults.strikes(fault)
      if (!node.isUp() || fail('rpc.reset')) return later(1, 'reset', () => reject(lost(node, request)))
      if (fail('rpc.throttled')) return later(1, 'throttled', () => reject(lost(node, request, 429)))
      if (fail('rpc.node-error')) {
        return later(1, 'node error', () => reject(refused(node, request, -32_000, 'internal: try again')))
      }
      const isLate = fail('rpc.timeout')
      if (isLate && random.chance(0.5)) return later(20_000, 'timeout', () => reject(late(node, request)))
      const outcome = tryAnswer(node, request, parts)
      if (isLate) return later(20_000, 'timeout', () => reject(late(node, request)))
      if (fail('rpc.lost-answer')) return later(5, 'lost', () => reject(lost(node, request)))
      const settle = () => ('error' in outcome ? reject(outcome.error) : resolve(outcome.result))
      return changes ? later(random.below(10), 'answered', settle) : settle()
    })
  })
}

function tryAnswer(
  node: Node,
  request: Request,
  { onBug }: WireParts,
): { result: unknown } | { error: unknown } {
  try {
    return { result: node.answer(request.method, request.params ?? []) }
  } catch (error) {
    if (error instanceof RevertError) return { error: refused(node, request, 3, error.message) }
    if (error instanceof NodeRefusalError) return { error: refused(node, request, error.code, error.message) }
    onBug(error)
    return { error }
  }
}

function refused({ url }: Node, body: Request, code: number, message: string): Error {
  return new RpcRequestError({ url, body, error: { code, message } })
}

function lost({ url }: Node, body: Request, status?: number): Error {
  return new HttpRequestError({
    url,
    body,
    ...(status === undefined ? { details: 'fetch failed' } : { status }),
  })
}

function late({ url }: Node, body: Request): Error {
  return new TimeoutError({ url, body })
}
