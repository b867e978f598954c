import { readText, retryAfterSeconds } from '../httpAnswer.ts'
import {
  PoolAnswerError,
  PoolCredentialError,
  PoolRateLimitError,
  PoolStatusError,
  PoolUnreachableError,
} from './errors.ts'
import { type PoolAdapter, type PoolQuestion, type PoolRequest, requireOver } from './poolAdapter.ts'
import type { PoolRow } from './poolRow.ts'

export type Fetch = typeof globalThis.fetch

export type FetchPoolRowParameters<Account> = PoolQuestion & {
  adapter: PoolAdapter<Account>
  account: Account
  /** Scheme, host and port of the pool's API, if not the adapter's `origin`. */
  origin?: string
  /** For each request, its answer's text included. */
  timeoutMs?: number
  signal?: AbortSignal
}

/** Some twenty years of days. Reading a longer one could hold up the node for seconds. */
const longestAnswer = 1_024 * 1_024
const defaultWaitSeconds = 60
const banWaitSeconds = 600

/**
 * Asks a pool for the row of one day. Requests go one after another, redirects are not followed, and what could hold a key
 * (headers, body, the pool's own words) is in no error.
 */
export async function fetchPoolRow<Account>(
  fetch: Fetch,
  parameters: FetchPoolRowParameters<Account>,
): Promise<PoolRow> {
  const { adapter, account, day, nowMs } = parameters
  requireOver(adapter.pool, { day, nowMs })
  const answers: string[] = []
  for (const request of adapter.requests(account, { day, nowMs })) {
    answers.push(await ask(fetch, request, parameters))
  }
  return adapter.row(answers, { day, nowMs })
}

async function ask<Account>(
  fetch: Fetch,
  { method, path, headers, body }: PoolRequest,
  { adapter, origin = adapter.origin, timeoutMs = 20_000, signal }: FetchPoolRowParameters<Account>,
): Promise<string> {
  const { pool } = adapter
  requirePlainHeaders(pool, headers)
  const timeout = AbortSignal.timeout(timeoutMs)
  const until = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  try {
    const response = await fetch(`${origin}${path}`, {
      ...{ method, headers, redirect: 'error', signal: until },
      ...(body === undefined ? {} : { body }),
    })
    await requireGood(adapter, response)
    const tooLong = () => new PoolAnswerError(pool, '', `is longer than ${longestAnswer} bytes`)
    return await readText(response, longestAnswer, tooLong)
  } catch (error) {
    if (!until.aborted && !isTransport(error)) throw error
    const reason = timeout.aborted
      ? `none within ${timeoutMs} ms`
      : signal?.aborted
        ? 'asking was stopped'
        : 'the connection failed'
    throw new PoolUnreachableError(pool, reason, error)
  }
}

/** `fetch` names a value that it refuses in its message, and the value may be a key. */
function requirePlainHeaders(pool: string, headers: PoolRequest['headers']): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(value)) throw new PoolCredentialError(pool, name)
  }
}

type Refusing = Pick<PoolAdapter<never>, 'pool' | 'banStatus'>

async function requireGood({ pool, banStatus }: Refusing, response: Response): Promise<void> {
  const { status } = response
  if (response.ok) return
  await response.body?.cancel()
  const wait = (otherwise: number) =>
    new PoolRateLimitError(pool, status, retryAfterSeconds(response, otherwise))
  if (status === banStatus) throw wait(banWaitSeconds)
  if (status === 429) throw wait(defaultWaitSeconds)
  throw new PoolStatusError(pool, status)
}

/** What `fetch` and its body throw: a TypeError for the connection, a DOMException for a time limit. */
function isTransport(error: unknown): boolean {
  return error instanceof TypeError || error instanceof DOMException
}
