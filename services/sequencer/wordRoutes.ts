import type { Router } from 'express'
import { z } from 'zod'
import type { Network } from './network.ts'
import { nothing, operatorRouter, said } from './operatorRouter.ts'
import { pause, resumeSending, retry, skip } from './words.ts'

const withReason = z.strictObject({ reason: z.string().trim().min(1).max(1_000) })

/** Pausing the service, skipping and retrying messages. */
export function wordRoutes(network: Network): Router {
  const routes = operatorRouter()
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
