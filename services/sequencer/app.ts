import express, { type ErrorRequestHandler, type Express } from 'express'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import { sdkDepositStatus, sdkWithdrawalStatus } from '../../bridge/status.ts'
import { BaseError } from '../../chain/errors.ts'
import { answer, problem } from '../runtime/answer.ts'
import { type Backups, backupRoutes } from './backupRoutes.ts'
import { nonceRoutes } from './nonceRoutes.ts'
import type { MessageRecord } from './records.ts'
import { isReady, readStatus, type Shared } from './status.ts'
import { wordRoutes } from './wordRoutes.ts'

export type AppParameters = { shared: Shared; registry: Registry; backups: Backups }

/** What operators and our own services ask. It listens on loopback and holds no key. */
export function createApp({ shared, registry, backups }: AppParameters): Express {
  const app = express()
  app.disable('x-powered-by')

  app.get('/healthz', (_request, response) => {
    response.json({ ok: true })
  })
  app.get('/readyz', async (_request, response) => {
    const ready = await isReady(shared)
    const reason = shared.network.alerts.get('disk')
    response.status(ready ? 200 : 503).json({ ready, ...(!ready && reason !== undefined && { reason }) })
  })
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics())
  })
  app.get('/v1/status', async (_request, response) => {
    answer(response, await readStatus(shared))
  })
  app.get('/v1/messages', async (request, response) => {
    const query = messagesQuery.safeParse(request.query)
    if (!query.success) return problem(response, 400, z.prettifyError(query.error))
    answer(response, await pageOf(shared, query.data))
  })
  app.get('/v1/messages/:id', async (request, response) => {
    const message = await shared.network.store.message(request.params.id.toLowerCase())
    if (message !== undefined) return answer(response, shown(shared, message))
    problem(response, 404, `No message has the id ${request.params.id}. See /v1/messages.`)
  })
  app.use(wordRoutes(shared.network), backupRoutes(backups), nonceRoutes(shared.outboxes))
  app.use((request, response) => {
    problem(response, 404, `There is nothing at ${request.path}. Try /v1/status or /v1/messages.`)
  })
  app.use(onError)
  return app
}

const messagesQuery = z.strictObject({
  kind: z.enum(['deposit', 'withdrawal']).optional(),
  state: z.string().optional(),
  /** The id that the page before ended with. */
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(1_000),
})

/** Messages in the order of their ids, which is none that means anything; `next` is where the next page begins. */
async function pageOf(shared: Shared, query: z.output<typeof messagesQuery>) {
  const { kind, state, after, limit } = query
  const messages: ReturnType<typeof shown>[] = []
  for await (const message of shared.network.store.messages(after)) {
    if (kind !== undefined && message.kind !== kind) continue
    if (state !== undefined && message.state !== state) continue
    if (messages.length === limit) return { messages, next: messages.at(-1)?.id }
    messages.push(shown(shared, message))
  }
  return { messages }
}

function shown({ network }: Shared, message: MessageRecord) {
  const { kind, state } = message
  const hold = network.holds.get(message.id)
  const skipped = network.words.skipped.get(message.id)
  const sdkStatus = kind === 'deposit' ? sdkDepositStatus(state) : sdkWithdrawalStatus(state)
  return { ...message, sdkStatus, ...(hold?.reason !== undefined && { hold }), ...(skipped && { skipped }) }
}

/** Express knows an error handler by its four arguments. */
const onError: ErrorRequestHandler = (error, _request, response, _next) => {
  // Express's own word for a body that is too long or is no JSON.
  if (error instanceof Error && 'status' in error && typeof error.status === 'number' && error.status < 500) {
    return problem(response, error.status, error.message)
  }
  const detail =
    error instanceof BaseError
      ? error.message
      : 'The chains did not answer. Look into the log of the sequencer.'
  problem(response, 503, detail)
}
