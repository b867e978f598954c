import { z } from 'zod'
import { secondsPerDay } from '../block.ts'
import { bitcoin, floorDown, fraction, satoshiDown, whole } from './decimal.ts'
import { PoolAnswerError, PoolDayBoundaryError, PoolDayMissingError } from './errors.ts'
import { hashesPerSecond } from './hashrate.ts'
import {
  jsonBodyHeaders,
  type PoolAdapter,
  type PoolQuestion,
  readAccepted,
  requireOver,
  startOf,
  sum,
} from './poolAdapter.ts'
import { poolRow, type Scheme } from './poolRow.ts'

export type F2poolV2Account = { user: string; secret: string }

const pool = 'f2pool'
const daysUntilBooked = 3

const schemes: Readonly<Record<string, Scheme | undefined>> = {
  revenue_pps: 'PPS',
  revenue_fpps: 'FPPS',
  revenue_pplns: 'PPLNS',
}

const miningExtra = z.object({
  mining_date: whole,
  settle_date: whole,
  pps: bitcoin,
  pps_fee_rate: fraction,
  tx_fee: bitcoin,
  hash_rate: hashesPerSecond,
})

/** Payouts and gifts stand in the same list, without `mining_extra`. */
const transaction = z.object({ id: whole, type: z.string(), mining_extra: miningExtra.nullable() })

const bill = z.object({ transactions: z.array(transaction) })

type Mined = z.output<typeof miningExtra> & { id: number; type: string }

export const f2poolV2: PoolAdapter<F2poolV2Account> = {
  pool,
  origin: 'https://api.f2pool.com',
  requests: ({ user, secret }, { day }) => [
    {
      method: 'POST',
      path: '/v2/assets/transactions/list',
      headers: { ...jsonBodyHeaders, 'F2P-API-SECRET': secret },
      body: JSON.stringify({
        currency: 'bitcoin',
        mining_user_name: user,
        type: 'revenue',
        start_time: startOf(day),
        end_time: startOf(day + 1 + daysUntilBooked),
      }),
    },
  ],
  row([answer], question) {
    requireOver(pool, question)
    const mined = minedOn(readAccepted(pool, bill, answer).transactions, question)
    const [first] = mined
    if (first === undefined) throw new PoolDayMissingError(pool, question.day)
    return poolRow({
      pool,
      day: question.day,
      scheme: schemeOf(mined),
      hashrate: sum(mined.map(({ hash_rate }) => hash_rate)),
      reward: satoshiDown(sum(mined.map(({ pps, tx_fee }) => pps + tx_fee))),
      feeRate: mined.length === 1 ? floorDown(first.pps_fee_rate, 18) : undefined,
      settled: mined.every(({ settle_date }) => settle_date * 1_000 <= question.nowMs),
    })
  },
}

/** By the day of mining; the day of settlement is another. */
function minedOn(transactions: readonly z.output<typeof transaction>[], { day }: PoolQuestion): Mined[] {
  const mined = transactions.flatMap(({ id, type, mining_extra }) => {
    if (mining_extra !== null) return [{ id, type, ...mining_extra }]
    if (type.startsWith('revenue')) throw new PoolAnswerError(pool, 'mining_extra', 'is missing in a revenue')
    return []
  })
  const shifted = mined.find(({ mining_date }) => mining_date % secondsPerDay !== 0)
  if (shifted !== undefined) {
    throw new PoolDayBoundaryError(pool, shifted.mining_date, 'its days begin at 00:00 UTC')
  }
  const ofDay = mined.filter(({ mining_date }) => mining_date === startOf(day))
  const ids = new Set(ofDay.map(({ id }) => id))
  if (ids.size !== ofDay.length) throw new PoolAnswerError(pool, 'transactions', 'holds an id twice')
  return ofDay
}

function schemeOf(mined: readonly Mined[]): Scheme {
  const found = new Set(mined.map(({ type }) => schemes[type]))
  if (found.has(undefined)) {
    throw new PoolAnswerError(pool, 'transactions.type', `is none of ${Object.keys(schemes).join(', ')}`)
  }
  const [scheme = 'MIXED', ...others] = found
  return others.length === 0 ? scheme : 'MIXED'
}
