import express, { type Express } from 'express'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { answer, problem } from '../runtime/answer.ts'
import { statusOf } from './status.ts'
import type { Watch } from './watch.ts'

export type AppParameters = { watch: Watch; registry: Registry }

const verdicts = z.enum(['right', 'wrong', 'pending', 'underivable', 'lost']).optional()

/** What this process says of itself. It reads only, and listens on loopback. */
export function createApp({ watch, registry }: AppParameters): Express {
  const app = express()
  app.disable('x-powered-by')

  app.get('/healthz', (_request, response) => {
    response.json({ ok: true })
  })
  app.get('/readyz', (_request, response) => {
    const { ready, reason } = statusOf(watch)
    response.status(ready ? 200 : 503).json({ ready, ...(reason === undefined ? {} : { reason }) })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics())
  })
  app.get('/v1/status', (_request, response) => {
    answer(response, statusOf(watch))
  })
  app.get('/v1/outputs', (request, response) => {
    const verdict = verdicts.safeParse(request.query.verdict)
    if (!verdict.success) {
      problem(response, 400, 'A verdict is right, wrong, pending, underivable or lost.')
      return
    }
    const wanted = watch.seen.judged.filter(
      (output) => verdict.data === undefined || output.verdict === verdict.data,
    )
    answer(response, { outputs: wanted.slice(-MOST).reverse(), total: wanted.length })
  })
  app.use((request, response) => {
    problem(
      response,
      404,
      `There is nothing at ${request.path}. Try /v1/status or /v1/outputs?verdict=wrong.`,
    )
  })
  return app
}

/** Of the newest outputs. */
const MOST = 500
