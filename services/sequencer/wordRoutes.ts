import express, { type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { BaseError } from '../../chain/errors.ts'
import { answer, problem } from '../runtime/answer.ts'
import { MessageEndedError, MessageUnknownError } from './errors.ts'
import type { Network } from './network.ts'
import { pause, resumeSending, retry, skip } from './words.ts'

/*
 * The operator's words over HTTP. The port is on loopback; that keeps strangers out, but not the pages in a browser on this machine. These
 * can't name our host without a header that says where they are from, nor send JSON without asking first.
 */

const withReason = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })
const nothing = z.strictObject({})

export function wordRoutes(network: Network): Router {
  const routes = Router()
  routes.use(refuseStrangers, express.json({ limit: '4kb', strict: true }), refuseNoJson)
  routes.post('/v1/pause', (request, response) =>
    said(response, withReason, request.body, ({ reason }) => pause(network, reason)),
  )
  routes.post('/v1/resume', (request, response) =>
    said(response, nothing, request.body, () => resumeSending(network)),
  )
  routes.post('/v1/messages/:id/skip', (request, response) =>
    said(response, withReason, request.body, ({ reason }) => skip(network, request.params.id, reason)),
  )
  routes.post('/v1/messages/:id/retry', (request, response) =>
    said(response, nothing, request.body, () => retry(network, request.params.id)),
  )
  return routes
}

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])

/** A page in a browser sends `Origin`; one whose name was made to point here sends its own name as `Host`. */
const refuseStrangers: RequestHandler = (request, response, next) => {
  if (request.method !== 'POST') return next()
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (request.headers.origin !== undefined || !loopback.has(host)) {
    return problem(response, 403, 'Only programs on this machine may say this: use the hashsand command.')
  }
  next()
}

const refuseNoJson: RequestHandler = (request, response, next) => {
  if (request.method !== 'POST' || request.is('application/json') !== false) return next()
  problem(response, 415, 'Send JSON, with content-type application/json; {} where there is nothing to say.')
}

async function said<Body>(
  response: Response,
  schema: z.ZodType<Body>,
  body: unknown,
  act: (body: Body) => Promise<unknown>,
): Promise<void> {
  const parsed = schema.safeParse(body)
  if (!parsed.success) return problem(response, 400, z.prettifyError(parsed.error))
  try {
    answer(response, (await act(parsed.data)) ?? {})
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    const status = error instanceof MessageUnknownError ? 404 : error instanceof MessageEndedError ? 409 : 503
    problem(response, status, error.message)
  }
}
