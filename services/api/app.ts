import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Registry } from 'prom-client'
import { BaseError } from '../../chain/errors.ts'
import type { Manifest } from '../../chain/manifest.ts'
import { problem } from '../runtime/answer.ts'
import type { Log } from '../runtime/log.ts'
import { networkStatus } from './status.ts'

export type AppParameters = { manifest: Manifest; registry: Registry; log: Log }

/** The public API. It reads only: nothing here holds a key or changes a chain. */
export function createApp({ manifest, registry, log }: AppParameters): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use((_request, response, next) => {
    response.set('access-control-allow-origin', '*')
    next()
  })

  app.get('/healthz', (_request, response) => {
    response.json({ ok: true })
  })
  app.get('/readyz', async (_request, response) => {
    const status = await networkStatus(manifest)
    response.status(status.healthy ? 200 : 503).json({ ready: status.healthy, services: status.services })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics())
  })
  app.get('/v1/manifest', (_request, response) => {
    response.json(manifest)
  })
  app.get('/v1/status', async (_request, response) => {
    response.json(await networkStatus(manifest))
  })

  app.use((request, response) => {
    problem(response, 404, `There is nothing at ${request.path}. Try /v1/status or /v1/manifest.`)
  })
  app.use(failure(log))
  return app
}

/** Express knows an error handler by its four arguments. */
function failure(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const known = error instanceof BaseError
    if (!known) log.error({ err: error }, 'api.bug')
    const detail = known ? error.message : 'The operator finds the cause in the log of the api service.'
    problem(response, known && error.retry ? 503 : 500, detail)
  }
}
