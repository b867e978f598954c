import express, { type RequestHandler, type Response, Router } from 'express'
import { z } from 'zod'
import { BaseError } from '../../chain/errors.ts'
import { answer, problem } from '../runtime/answer.ts'
import { CopyExistsError } from '../runtime/database/errors.ts'
import { NonceNotOpenError } from '../runtime/outboxErrors.ts'
import { MessageEndedError, MessageUnknownError } from './errors.ts'

/*
 * What the operator says over HTTP. The port is on loopback; that keeps strangers out, but not the pages in a browser on this machine. These
 * can't name our host without a header that says where they are from, nor send JSON without asking first.
 */

/** Routes by which something is said, for programs on this machine alone. */
export function operatorRouter(): Router {
  const routes = Router()
  routes.use(refuseStrangers, express.json({ limit: '4kb', strict: true }), refuseNoJson)
  return routes
}

export const nothing = z.strictObject({})

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

/** Reads what was said, does it and answers with what came of it. */
export async function said<Body>(
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
    problem(response, statusOf(error), error.message)
  }
}

function statusOf(error: BaseError): number {
  if (error instanceof MessageUnknownError) return 404
  const isRefused = [MessageEndedError, CopyExistsError, NonceNotOpenError].some(
    (kind) => error instanceof kind,
  )
  return isRefused ? 409 : 503
}
