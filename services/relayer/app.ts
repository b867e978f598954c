import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { BaseError } from '../../chain/errors.ts'
import { problem } from '../runtime/answer.ts'
import type { Log } from '../runtime/log.ts'
import { dayAnswer } from './dayAnswer.ts'
import type { Days } from './days.ts'
import type { PoolRows } from './pools/poolRows.ts'
import { poolRoutes } from './pools/routes.ts'
import type { Status } from './status.ts'

export type AppParameters = {
  status: () => Status
  days: Pick<Days, 'totals'>
  rows: Pick<PoolRows, 'rootsOf' | 'rowsOf'>
  unitWork: bigint
  registry: Registry
  log: Log
}

const dayParameter = z.coerce.number().int().min(0).max(0xff_ffff)

/** What this node says of itself. It reads only, and listens on loopback. */
export function createApp({ status, days, rows, unitWork, registry, log }: AppParameters): Express {
  const app = express()
  app.disable('x-powered-by')

  app.get('/healthz', (_request, response) => {
    response.json({ ok: true })
  })
  app.get('/readyz', (_request, response) => {
    const { ready, reason } = status()
    response.status(ready ? 200 : 503).json({ ready, ...(reason === undefined ? {} : { reason }) })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics())
  })
  app.get('/v1/status', (_request, response) => {
    response.json(status())
  })
  app.get('/v1/days/:day', async (request, response) => {
    const day = dayParameter.safeParse(request.params.day)
    if (!day.success) {
      problem(response, 400, `"${request.params.day}" is not a day number. Pass a UTC day, like 18739.`)
      return
    }
    const totals = await days.totals(day.data)
    if (totals === undefined) {
      problem(response, 404, `Day ${day.data} is not closed here. /v1/status names the last one that is.`)
      return
    }
    response.json(dayAnswer(totals, unitWork))
  })

  poolRoutes(app, rows)

  app.use((request, response) => {
    problem(response, 404, `There is nothing at ${request.path}. Try /v1/status or /v1/days/18739.`)
  })
  app.use(failure(log))
  return app
}

/** Express knows an error handler by its four arguments. */
function failure(log: Log): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const known = error instanceof BaseError
    if (!known) log.error({ err: error }, 'relayer.http.bug')
    if (known) problem(response, error.retry ? 503 : 500, error.message)
    else problem(response, 500, 'The operator finds the cause in the log of the relayer.')
  }
}
