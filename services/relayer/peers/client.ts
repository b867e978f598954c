import { type Address, bytesToHex, type Hex, isHex, type LocalAccount, size } from 'viem'
import type { z } from 'zod'
import {
  type EnvelopeDomain,
  headerNames,
  isAnswerOf,
  type RequestEnvelope,
  requestHash,
  signRequest,
} from './envelope.ts'
import { PeerAnswerError, type PeerError, PeerRefusedError, PeerSilentError } from './errors.ts'
import type { Peer } from './list.ts'
import { encode, parseJson, refusalAnswer } from './messages.ts'

const defaultTimeoutMs = 5_000
/** 128 signed reports take a third of it. */
const maxAnswerBytes = 256 * 1_024
/** A peer that failed is left alone for a while, twice as long each time. */
const firstPauseMs = 500
const longestPauseMs = 15_000

export type PeerState = {
  address: Address
  url: string
  /** Whether the last request was answered well; undefined before the first. */
  up: boolean | undefined
  lastFailure: string | undefined
}

export type PeerClient = {
  readonly address: Address
  /** Fails with a PeerError, and with nothing else, whatever the peer does. */
  ask<Schema extends z.ZodType>(path: string, message: unknown, schema: Schema): Promise<z.output<Schema>>
  /** It failed lately: a round does without it. */
  resting(): boolean
  state(): PeerState
}

export type PeerClientParameters = {
  peer: Peer
  account: LocalAccount
  domain: EnvelopeDomain
  /** The chain's time at this node. */
  chainTime: () => number
  signal: AbortSignal
  timeoutMs?: number | undefined
}

export function createPeerClient({
  peer,
  account,
  domain,
  chainTime,
  signal,
  timeoutMs = defaultTimeoutMs,
}: PeerClientParameters): PeerClient {
  const state: PeerState = { ...peer, up: undefined, lastFailure: undefined }
  let pauseMs = 0
  let restsUntil = 0

  function note(failure: PeerError | undefined): void {
    state.up = failure === undefined
    state.lastFailure = failure?.message
    // A refusal is an answer: it may be otherwise in a moment.
    const failed = failure !== undefined && !(failure instanceof PeerRefusedError)
    pauseMs = failed ? Math.min(Math.max(pauseMs * 2, firstPauseMs), longestPauseMs) : 0
    restsUntil = performance.now() + pauseMs
  }

  return {
    address: peer.address,
    ask: async (path, message, schema) => {
      const nonce = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
      const body = encode(message)
      const from = account.address
      const envelope = { from, to: peer.address, path, time: chainTime(), nonce, body }
      const signature = await signRequest(account, envelope, domain)
      const asking = exchange({ peer, domain, envelope, signature, signal, timeoutMs }, schema)
      return asking.then(
        (answer) => {
          note(undefined)
          return answer
        },
        (error: PeerError) => {
          note(error)
          throw error
        },
      )
    },
    resting: () => performance.now() < restsUntil,
    state: () => ({ ...state }),
  }
}

type Exchange = {
  peer: Peer
  domain: EnvelopeDomain
  envelope: RequestEnvelope
  signature: Hex
  signal: AbortSignal
  timeoutMs: number
}

async function exchange<Schema extends z.ZodType>(
  asked: Exchange,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { peer, domain, envelope } = asked
  const { status, text, signed } = await post(asked)
  const wrong = (problem: string) => new PeerAnswerError(peer.address, peer.url, problem)
  const answer = { request: requestHash(envelope, domain), status, body: text }
  if (!isHex(signed) || size(signed) !== 65) throw wrong(`status ${status} without a signature`)
  if (!(await isAnswerOf(peer.address, answer, signed, domain))) throw wrong('somebody else signed it')
  const json = parseJson(text)
  if (status !== 200) {
    const refused = refusalAnswer.safeParse(json)
    throw new PeerRefusedError(peer.address, status, refused.data?.refused ?? 'no reason given')
  }
  const result = schema.safeParse(json)
  if (!result.success) throw wrong('not of the form that was asked for')
  return result.data
}

type Answer = { status: number; text: string; signed: string | undefined }

async function post({ peer, envelope, signature, signal, timeoutMs }: Exchange): Promise<Answer> {
  const { address, url } = peer
  const { from, time, nonce, body, path } = envelope
  try {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      redirect: 'error',
      body,
      headers: {
        'content-type': 'application/json',
        [headerNames.from]: from,
        [headerNames.time]: String(time),
        [headerNames.nonce]: nonce,
        [headerNames.signature]: signature,
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const text = await textWithin(response, maxAnswerBytes)
    if (text === undefined) throw new PeerAnswerError(address, url, `more than ${maxAnswerBytes} bytes`)
    const signed = response.headers.get(headerNames.signature) ?? undefined
    return { status: response.status, text, signed }
  } catch (error) {
    if (error instanceof PeerAnswerError) throw error
    throw new PeerSilentError(address, url, timeoutMs, error)
  }
}

/** Undefined as soon as there is more, however much the other side still wants to send. */
async function textWithin(response: Response, limit: number): Promise<string | undefined> {
  if (response.body === null) return ''
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    length += chunk.length
    if (length > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
