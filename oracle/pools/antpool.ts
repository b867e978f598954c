import { createHmac } from 'node:crypto'
import { z } from 'zod'
import { dayToDate } from '../block.ts'
import { bitcoin, satoshiDown, whole } from './decimal.ts'
import { PoolAnswerError, PoolContradictionError, PoolDayMissingError } from './errors.ts'
import { hashesPerSecond, hashrateWithUnit } from './hashrate.ts'
import {
  blocksMatured,
  jsonHeaders,
  type PoolAdapter,
  type PoolQuestion,
  readAccepted,
  requireOver,
  sum,
} from './poolAdapter.ts'
import { poolRow, type Scheme } from './poolRow.ts'

export type AntpoolAccount = { userId: string; key: string; secret: string }

const pool = 'antpool'

const earning = z.object({
  timestamp: z.string().regex(/^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}:\d{2}Z?)?$/, 'is no UTC date'),
  hashrate: hashrateWithUnit,
  hashrate_unit: hashesPerSecond,
  ppsAmount: bitcoin,
  pplnsAmount: bitcoin,
  soloAmount: bitcoin,
  ppappsAmount: bitcoin,
  ppapplnsAmount: bitcoin,
  fppsBlockAmount: bitcoin,
  fppsFeeAmount: bitcoin,
  /** Only in accounts that are credited for it. */
  mevAmount: bitcoin.default(0n),
})

type Earning = z.output<typeof earning>

const history = z.object({
  code: z.literal('0'),
  data: z.object({ totalRecord: whole, rows: z.array(earning) }),
})

/** An account has several rows a date when its scheme changed or its hashrate was split: their sum is the day's. */
export const antpool: PoolAdapter<AntpoolAccount> = {
  pool,
  origin: 'https://antpool.com',
  banStatus: 403,
  requests: ({ userId, key, secret }, { nowMs }) => {
    const nonce = String(nowMs)
    const form = new URLSearchParams({
      ...{ key, nonce, signature: signatureOf({ userId, key, nonce, secret }) },
      ...{ coin: 'BTC', type: 'recv', pageEnable: '1', page: '1', pageSize: '50' },
    })
    return [
      {
        method: 'POST',
        path: '/api/paymentHistoryV2.htm',
        headers: { ...jsonHeaders, 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
      },
    ]
  },
  row([answer], question) {
    requireOver(pool, question)
    const { rows, totalRecord } = readAccepted(pool, history, answer).data
    const date = dayToDate(question.day)
    // Newest first: a page that ends within the day holds a part of it only.
    if (rows.length < totalRecord && !rows.some(({ timestamp }) => timestamp < date)) {
      throw new PoolAnswerError(pool, 'data.rows', `does not reach back to before ${date}`)
    }
    const ofDay = rows.filter(({ timestamp }) => timestamp.startsWith(date))
    if (ofDay.length === 0) throw new PoolDayMissingError(pool, question.day)
    return poolRow({
      pool,
      day: question.day,
      scheme: schemeOf(ofDay),
      hashrate: sum(ofDay.map(hashesPerSecondOf)),
      reward: satoshiDown(sum(ofDay.map(credited))),
      settled: isSettled(ofDay, question),
    })
  },
}

type SignatureParameters = AntpoolAccount & { nonce: string }

function signatureOf({ userId, key, nonce, secret }: SignatureParameters): string {
  return createHmac('sha256', secret).update(`${userId}${key}${nonce}`).digest('hex').toUpperCase()
}

/** `hashrate_unit` is, in spite of its name, the exact H/s; `hashrate` rounds it and tells its unit. They must agree to a percent. */
function hashesPerSecondOf({ hashrate_unit: exact, hashrate: rounded }: Earning): bigint {
  const apart = exact > rounded ? exact - rounded : rounded - exact
  if (apart * 100n > rounded) throw new PoolContradictionError(pool, 'hashrate_unit', exact, rounded)
  return exact
}

function amountsOf(row: Earning): Record<Exclude<Scheme, 'MIXED' | 'TIDES'>, bigint> {
  return {
    FPPS: row.fppsBlockAmount + row.fppsFeeAmount,
    'PPS+': row.ppappsAmount + row.ppapplnsAmount,
    PPS: row.ppsAmount,
    PPLNS: row.pplnsAmount,
    SOLO: row.soloAmount,
  }
}

function credited(row: Earning): bigint {
  return sum(Object.values(amountsOf(row))) + row.mevAmount
}

function schemeOf(rows: readonly Earning[]): Scheme {
  const used = new Set(rows.flatMap((row) => schemesOf(row)))
  const [scheme] = used
  return used.size === 1 && scheme !== undefined ? scheme : 'MIXED'
}

function schemesOf(row: Earning): Scheme[] {
  const amounts = amountsOf(row)
  return (['FPPS', 'PPS+', 'PPS', 'PPLNS', 'SOLO'] as const).filter((scheme) => amounts[scheme] > 0n)
}

/** The amounts that come with blocks can be taken back with these. */
function isSettled(rows: readonly Earning[], question: PoolQuestion): boolean {
  return (
    rows.every((row) => row.pplnsAmount + row.ppapplnsAmount + row.soloAmount === 0n) ||
    blocksMatured(question)
  )
}
