import { setTimeout as sleep } from 'node:timers/promises'
import { BaseError } from '../../chain/errors.ts'
import { readText, retryAfterSeconds } from '../httpAnswer.ts'
import {
  RateLimitedError,
  SourceAnswerError,
  SourceTimeoutError,
  SourceUnreachableError,
  SourceUrlError,
} from './errors.ts'

/** A block of 4 MB as hex in JSON takes 8 MB. */
const longestAnswer = 16 * 1024 * 1024
const waitWithoutWordSeconds = 60

export type HttpParameters = {
  url: string
  /** For one answer, its last byte included. */
  timeoutMs?: number | undefined
  /** How often a question is asked before its error is passed on. */
  attempts?: number | undefined
  /** Before the second attempt; doubled before each further one. */
  backoffMs?: number | undefined
  /** Ends what is under way. */
  signal?: AbortSignal | undefined
}

export type HttpRequest = {
  path?: string
  /** What is asked for, in words for errors. */
  what: string
  headers?: Record<string, string>
  /** Sent as JSON by POST. */
  body?: unknown
}

export type HttpAnswer = { status: number; text: string }

export type Http = {
  /** Without user, path or key, for errors and logs. */
  host: string
  /** One question, one answer of any status but 429. */
  ask(request: HttpRequest): Promise<HttpAnswer>
  /** Does `work` again, later and later, while it fails with something that may pass. */
  persist<Result>(work: () => Promise<Result>): Promise<Result>
}

/** Questions to one service: with an end to waiting, to the length of an answer and to asking again. */
export function createHttp({
  url,
  timeoutMs = 30_000,
  attempts = 3,
  backoffMs = 500,
  signal,
}: HttpParameters): Http {
  const { base, host } = parseUrl(url)

  async function ask({ path = '', what, headers, body }: HttpRequest): Promise<HttpAnswer> {
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await fetch(base + path, {
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      })
      const tooLong = () => new SourceAnswerError(host, what, `more than ${longestAnswer} bytes`)
      const text = await readText(response, longestAnswer, tooLong)
      if (response.status === 429)
        throw new RateLimitedError(host, retryAfterSeconds(response, waitWithoutWordSeconds))
      return { status: response.status, text }
    } catch (error) {
      if (error instanceof BaseError) throw error
      if (timeout.aborted) throw new SourceTimeoutError(host, what, timeoutMs)
      // Everything else that fetch throws for an address that parses is the network's.
      throw new SourceUnreachableError(host, error)
    }
  }

  async function persist<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work()
      } catch (error) {
        const mayPass = error instanceof BaseError && error.retry && !(error instanceof RateLimitedError)
        if (!mayPass || attempt >= attempts || signal?.aborted) throw error
        await sleep(backoffMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => {})
      }
    }
  }

  return { host, ask, persist }
}

function parseUrl(text: string): { base: string; host: string } {
  if (!URL.canParse(text)) throw new SourceUrlError('it is not a URL')
  const url = new URL(text)
  if (!/^https?:$/.test(url.protocol)) throw new SourceUrlError(`its protocol is ${url.protocol}`)
  if (url.username !== '' || url.password !== '') throw new SourceUrlError('it contains credentials')
  return { base: url.href.replace(/\/$/, ''), host: url.host }
}
