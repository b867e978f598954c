import { z } from 'zod'
import { dayToDate } from '../block.ts'
import { bitcoin, satoshiDown } from './decimal.ts'
import { PoolAnswerError, PoolContradictionError, PoolDayMissingError } from './errors.ts'
import { hashesPerSecond } from './hashrate.ts'
import {
  blocksMatured,
  jsonHeaders,
  type PoolAdapter,
  type PoolQuestion,
  type PoolRequest,
  readAccepted,
  requireOver,
} from './poolAdapter.ts'
import { poolRow, type Scheme } from './poolRow.ts'

export type ViabtcAccount = { key: string }

const pool = 'viabtc'
const date = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, 'is no date')
const coin = z.literal('BTC')

const profit = z.object({
  coin,
  date,
  pplns_profit: bitcoin,
  pps_profit: bitcoin,
  solo_profit: bitcoin,
  total_profit: bitcoin,
})

const hashrate = z.object({ coin, date, hashrate: hashesPerSecond })

const listOf = <Row extends z.ZodType>(row: Row) =>
  z.object({ code: z.literal('0'), data: z.object({ data: z.array(row) }) })

const profits = listOf(profit)
const hashrates = listOf(hashrate)

/** Both questions say `utc=true`: without it the pool's days begin at midnight in Beijing, 16:00 UTC. */
export const viabtc: PoolAdapter<ViabtcAccount> = {
  pool,
  origin: 'https://www.viabtc.com',
  requests: (account, question) => [
    history(account, 'profit', question),
    history(account, 'hashrate', question),
  ],
  row([profitAnswer, hashrateAnswer], question) {
    requireOver(pool, question)
    const credited = only(readAccepted(pool, profits, profitAnswer).data.data, question)
    const mined = only(readAccepted(pool, hashrates, hashrateAnswer).data.data, question)
    const { pps_profit: pps, pplns_profit: pplns, solo_profit: solo, total_profit: total } = credited
    if (pps + pplns + solo !== total) {
      throw new PoolContradictionError(
        pool,
        'total_profit',
        satoshiDown(total),
        satoshiDown(pps + pplns + solo),
      )
    }
    return poolRow({
      pool,
      day: question.day,
      scheme: schemeOf({ pps, pplns, solo }),
      hashrate: mined.hashrate,
      reward: satoshiDown(total),
      settled: pplns + solo === 0n || blocksMatured(question),
    })
  },
}

function history({ key }: ViabtcAccount, what: 'profit' | 'hashrate', { day }: PoolQuestion): PoolRequest {
  const on = dayToDate(day)
  return {
    method: 'GET',
    path: `/res/openapi/v1/${what}/history?coin=BTC&start_date=${on}&end_date=${on}&utc=true`,
    headers: { ...jsonHeaders, 'X-API-KEY': key },
  }
}

function only<Row extends { date: string }>(rows: readonly Row[], { day }: PoolQuestion): Row {
  const found = rows.filter((row) => row.date === dayToDate(day))
  const [row] = found
  if (row === undefined) throw new PoolDayMissingError(pool, day)
  if (found.length > 1) throw new PoolAnswerError(pool, 'data.data', `holds day ${day} twice`)
  return row
}

/** Its PPS+ pays the subsidy by PPS and the fees by PPLNS. */
function schemeOf({ pps, pplns, solo }: { pps: bigint; pplns: bigint; solo: bigint }): Scheme {
  if (solo > 0n) return pps + pplns > 0n ? 'MIXED' : 'SOLO'
  if (pplns === 0n) return 'PPS'
  return pps > 0n ? 'PPS+' : 'PPLNS'
}
