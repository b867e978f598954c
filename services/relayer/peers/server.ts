import express, { type ErrorRequestHandler, type Express, type Request, type Response } from 'express'
import { type Address, getAddress, type Hash, type LocalAccount } from 'viem'
import type { z } from 'zod'
import { BaseError } from '../../../chain/errors.ts'
import type { Log } from '../../runtime/log.ts'
import {
  type EnvelopeDomain,
  headerNames,
  isRequestOf,
  type RequestEnvelope,
  type RequestHeaders,
  readHeaders,
  requestHash,
  signAnswer,
} from './envelope.ts'
import { createBuckets, createNonces } from './limits.ts'
import {
  encode,
  type HelloAnswer,
  helloRequest,
  type ProposeAnswer,
  type ProposeRequest,
  parseJson,
  proposeRequest,
  type SignedAnswer,
  type SignedRequest,
  signedRequest,
  type toldRow,
} from './messages.ts'

/** 16 proposals with the rows of all pools take two thirds of it. */
const maxRequestBytes = 64 * 1_024

export const paths = {
  hello: '/peer/v1/hello',
  signed: '/peer/v1/signed',
  rows: '/peer/v1/rows',
  propose: '/peer/v1/propose',
} as const

type RowsToTell = { rows: readonly ReturnType<typeof toldRow>[]; ready: readonly number[] }

/** What a node answers its peers. `from` is proven. */
export type PeerHandlers = {
  hello(): Promise<HelloAnswer>
  signed(request: SignedRequest, from: Address): Promise<SignedAnswer>
  rows(request: SignedRequest, from: Address): Promise<RowsToTell>
  propose(request: ProposeRequest, from: Address): Promise<ProposeAnswer>
}

export type PeerAppParameters = {
  account: LocalAccount
  domain: EnvelopeDomain
  /** Who is answered at all. */
  peers: readonly Address[]
  handlers: PeerHandlers
  chainTime: () => number
  log: Log
  /** Milliseconds on a clock that never goes back, by which everybody's share fills up again. */
  now?: () => number
}

/**
 * Listens to known peers alone. The order is the order of cost: who is it said to be, how often did that one ask, is it short enough,
 * is it really that one, is it new. A stranger costs a lookup, and whoever floods uses up a share of its own.
 */
export function createPeerApp(parameters: PeerAppParameters): Express {
  const { peers, handlers, log, now = () => performance.now() } = parameters
  const known = new Set(peers.map((address) => getAddress(address)))
  const claimed = createBuckets({ perSecond: 20, burst: 60, keys: 1_000, now })
  const proven = createBuckets({ perSecond: 10, burst: 40, keys: 100, now })
  const nonces = createNonces(parameters.chainTime())

  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use((request, response, next) => {
    const headers = readHeaders((name) => request.get(name))
    if (headers === undefined || !known.has(getAddress(headers.from))) return refuse(response, 401)
    if (!claimed.take(`${request.ip} ${headers.from}`)) return refuse(response, 429)
    response.locals.headers = headers
    next()
  })
  app.use(express.raw({ type: () => true, limit: maxRequestBytes, inflate: false }))

  function route<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    handle: (request: z.output<Schema>, from: Address) => Promise<unknown>,
  ): void {
    app.post(path, async (request, response) => {
      const envelope = envelopeOf(parameters.account, path, request, response)
      // Safe: the first handler put them there.
      const { signature } = response.locals.headers as RequestHeaders
      const { domain, account } = parameters
      if (!(await isRequestOf(envelope, signature, domain))) return refuse(response, 401)
      const reply = { response, account, domain, request: requestHash(envelope, domain) }

      if (!proven.take(envelope.from))
        return send(reply, 429, { refused: 'You ask too often. Wait a second.' })
      const freshness = nonces.judge(envelope, parameters.chainTime())
      if (freshness !== 'fresh')
        return send(reply, 409, { refused: staleText(freshness, parameters.chainTime()) })
      const message = schema.safeParse(parseJson(envelope.body))
      if (!message.success) return send(reply, 400, { refused: 'Not of the form of this request.' })
      await send(reply, 200, await handle(message.data, envelope.from))
    })
  }
  route(paths.hello, helloRequest, handlers.hello)
  route(paths.signed, signedRequest, handlers.signed)
  route(paths.rows, signedRequest, handlers.rows)
  route(paths.propose, proposeRequest, handlers.propose)

  app.use((_request, response) => refuse(response, 404))
  app.use(failure(log))
  return app
}

function envelopeOf(
  account: LocalAccount,
  path: string,
  request: Request,
  response: Response,
): RequestEnvelope {
  // Safe: the first handler put them there.
  const { from, time, nonce } = response.locals.headers as RequestHeaders
  const body = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : ''
  return { from: getAddress(from), to: account.address, path, time, nonce, body }
}

/** To somebody who is not proven to be a peer: nothing is signed, and nothing told. */
function refuse(response: Response, status: number): void {
  response.status(status).set('connection', 'close').end()
}

type Reply = { response: Response; account: LocalAccount; domain: EnvelopeDomain; request: Hash }

async function send(
  { response, account, domain, request }: Reply,
  status: number,
  answer: unknown,
): Promise<void> {
  const body = encode(answer)
  const signature = await signAnswer(account, { request, status, body }, domain)
  response.status(status).type('application/json').set(headerNames.signature, signature).send(body)
}

function staleText(freshness: string, now: number): string {
  return freshness === 'stale'
    ? `The chain's time is ${now} here. See whether your L2 node is level.`
    : `The request is ${freshness}.`
}

/** Express knows an error handler by its four arguments. */
function failure(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const status = typeof error?.status === 'number' && error.status < 500 ? error.status : 503
    if (status === 503 && !(error instanceof BaseError)) log.error({ err: error }, 'relayer.peer.bug')
    if (response.headersSent) response.end()
    else refuse(response, status)
  }
}
