import type { Response, Router } from 'express'
import { z } from 'zod'
import { answer, problem } from '../runtime/answer.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { nothing, operatorRouter, said } from './operatorRouter.ts'

/** The nonces of the service's keys: looking at them, cancelling one, filling those that nothing stands for. Paused or not. */
export function nonceRoutes(outboxes: Record<string, Outbox>): Router {
  const routes = operatorRouter()
  routes.get('/v1/nonces', async (_request, response) => {
    const shown = Object.entries(outboxes).map(async ([role, outbox]) => ({
      role,
      ...(await outbox.nonces()),
    }))
    answer(response, { keys: await Promise.all(shown) })
  })
  routes.post('/v1/nonces/:role/:nonce/cancel', async (request, response) => {
    const { role, nonce } = request.params
    const outbox = known(outboxes, role, response)
    if (outbox === undefined) return
    const number = nonceSchema.safeParse(nonce)
    if (!number.success) return problem(response, 400, `${nonce} is no nonce: it is a whole number.`)
    await said(response, nothing, request.body, async () => {
      const { key, forms } = await outbox.cancel(number.data)
      return { role, nonce: number.data, key, hash: forms.at(-1)?.hash }
    })
  })
  routes.post('/v1/nonces/:role/resync', async (request, response) => {
    const { role } = request.params
    const outbox = known(outboxes, role, response)
    if (outbox === undefined) return
    await said(response, nothing, request.body, async () => ({
      role,
      filled: await outbox.fillGaps(),
      ...(await outbox.nonces()),
    }))
  })
  return routes
}

const nonceSchema = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)

function known(outboxes: Record<string, Outbox>, role: string, response: Response): Outbox | undefined {
  const outbox = Object.hasOwn(outboxes, role) ? outboxes[role] : undefined
  if (outbox !== undefined) return outbox
  problem(
    response,
    404,
    `This service sends nothing as ${role}. It does as: ${Object.keys(outboxes).join(', ')}.`,
  )
  return undefined
}
