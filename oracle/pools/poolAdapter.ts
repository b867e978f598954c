import { z } from 'zod'
import { dayOf, secondsPerDay } from '../block.ts'
import { PoolAnswerError, PoolDayOpenError, PoolRefusedError } from './errors.ts'
import type { Pool, PoolRow } from './poolRow.ts'
import { readJson } from './readJson.ts'

/** One HTTP request. Keys stand in headers or body, never in the path. */
export type PoolRequest = {
  method: 'GET' | 'POST'
  path: string
  headers: Readonly<Record<string, string>>
  body?: string
}

export type PoolQuestion = {
  day: number
  /** The asker's clock, which decides whether the day is over and the credit settled. */
  nowMs: number
}

/** What is known of one pool's API. Pure: it says what to ask, and reads the answers. `Account` holds the credentials. */
export type PoolAdapter<Account> = {
  pool: Pool
  origin: string
  /** An HTTP status with which this pool shuts out whoever asked too often, beside 429. */
  banStatus?: number
  requests(account: Account, question: PoolQuestion): readonly PoolRequest[]
  /** The row of the day out of the answers, in the order of the requests; or a typed error, never a guess. */
  row(answers: readonly string[], question: PoolQuestion): PoolRow
}

export const jsonHeaders = { accept: 'application/json' } as const
export const jsonBodyHeaders = { ...jsonHeaders, 'content-type': 'application/json' } as const

export function readAnswer<Schema extends z.ZodType>(
  pool: Pool,
  schema: Schema,
  text: string | undefined,
): z.output<Schema> {
  if (text === undefined) throw new PoolAnswerError(pool, '', 'is missing')
  const read = schema.safeParse(readJson(pool, text))
  if (read.success) return read.data
  const issue = read.error.issues[0]
  throw new PoolAnswerError(pool, issue?.path.join('.') ?? '', issue?.message ?? 'is not as documented')
}

const refusal = z.object({ code: z.string().optional() })

/** As `readAnswer`, for pools that say no with a `code` other than 0 and HTTP status 200. */
export function readAccepted<Schema extends z.ZodType>(
  pool: Pool,
  schema: Schema,
  text: string | undefined,
): z.output<Schema> {
  const { code = '0' } = readAnswer(pool, refusal, text)
  if (code !== '0') throw new PoolRefusedError(pool, /^-?\d{1,9}$/.test(code) ? code : 'unknown')
  return readAnswer(pool, schema, text)
}

export function startOf(day: number): number {
  return day * secondsPerDay
}

export function requireOver(pool: Pool, { day, nowMs }: PoolQuestion): void {
  if (dayOf(nowMs / 1_000) <= day) throw new PoolDayOpenError(pool, day)
}

const daysToMature = 2

/**
 * Whether coinbases of the day have their 100 confirmations. Heights are not known here: two days after the day's end there
 * are some 288 blocks on it, and fewer than 100 only if the whole network lost two thirds of its hashrate.
 */
export function blocksMatured({ day, nowMs }: PoolQuestion): boolean {
  return dayOf(nowMs / 1_000) > day + daysToMature
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n)
}
