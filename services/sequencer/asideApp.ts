import express, { type Express } from 'express'
import type { Registry } from 'prom-client'
import { problem } from '../runtime/answer.ts'

/** What operators are answered while the service stands aside: it lives, is not ready, and says why and what to do. */
export function createAsideApp({ reason, registry }: { reason: string; registry: Registry }): Express {
  const app = express()
  app.disable('x-powered-by')
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true })
  })
  app.get('/readyz', (_request, response) => {
    response.status(503).json({ ready: false, reason })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics())
  })
  app.use((_request, response) => {
    problem(response, 503, reason)
  })
  return app
}
