import { z } from 'zod'
import { secondsPerDay } from '../block.ts'
import { bitcoin, floorDown, percent, satoshiDown } from './decimal.ts'
import { PoolAnswerError, PoolDayBoundaryError, PoolDayMissingError, PoolDayOpenError } from './errors.ts'
import { hashesPerSecond } from './hashrate.ts'
import { jsonHeaders, type PoolAdapter, readAnswer, requireOver, startOf } from './poolAdapter.ts'
import { poolRow } from './poolRow.ts'

export type FoundryAccount = { subaccount: string; key: string }

const pool = 'foundry'

const time = z.iso
  .datetime({ offset: true, error: 'is no time' })
  .transform((text) => new Date(text).getTime() / 1_000)

/** Version 2 says H/s; the older version said GH/s. A mistaken unit is a millionfold credit, which the index refutes. */
const earning = z.object({
  startTime: time,
  endTime: time,
  totalAmount: bitcoin,
  hashrate: hashesPerSecond,
  feeRatePercent: percent,
})

const earnings = z.array(earning)

/** The last row is the running day. It is recognised by being the last, for its times are those of a whole day. */
export const foundry: PoolAdapter<FoundryAccount> = {
  pool,
  origin: 'https://api.foundryusapool.com',
  requests: ({ subaccount, key }, { day }) => [
    {
      method: 'GET',
      path: `/v2/earnings/${encodeURIComponent(subaccount)}?startDateUnixMs=${startOf(day) * 1_000}`,
      headers: { ...jsonHeaders, 'X-API-KEY': key },
    },
  ],
  row([answer], question) {
    requireOver(pool, question)
    const rows = readAnswer(pool, earnings, answer)
    for (const row of rows) requireUtcDay(row)
    const start = startOf(question.day)
    const found = rows.filter(({ startTime }) => startTime === start)
    const [row] = found
    if (row === undefined) throw new PoolDayMissingError(pool, question.day)
    if (found.length > 1) throw new PoolAnswerError(pool, '', `holds day ${question.day} twice`)
    if (!rows.some(({ startTime }) => startTime > start)) throw new PoolDayOpenError(pool, question.day)
    return poolRow({
      pool,
      day: question.day,
      scheme: 'FPPS',
      hashrate: row.hashrate,
      reward: satoshiDown(row.totalAmount),
      feeRate: floorDown(row.feeRatePercent, 18),
      settled: true,
    })
  },
}

function requireUtcDay({ startTime, endTime }: z.output<typeof earning>): void {
  if (startTime % secondsPerDay === 0 && endTime - startTime === secondsPerDay) return
  throw new PoolDayBoundaryError(pool, startTime, 'its days begin at 00:00 UTC and last 24 hours')
}
