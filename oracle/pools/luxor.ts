import { z } from 'zod'
import { dayToDate } from '../block.ts'
import { bitcoin, satoshiDown } from './decimal.ts'
import { PoolAnswerError, PoolDayBoundaryError, PoolDayMissingError, PoolRefusedError } from './errors.ts'
import { hashesPerSecond } from './hashrate.ts'
import { jsonBodyHeaders, type PoolAdapter, readAnswer, requireOver } from './poolAdapter.ts'
import { poolRow } from './poolRow.ts'

export type LuxorAccount = { user: string; key: string }

const pool = 'luxor'
const daysAsked = 30

const query = `query ($mpn: MiningProfileName!, $uname: String!, $first: Int) {
  getHashrateScoreHistory(mpn: $mpn, uname: $uname, first: $first, orderBy: DATE_DESC) {
    nodes { date hashrate revenue }
  }
}`

const node = z.object({
  date: z.iso.datetime({ offset: true, error: 'is no time' }),
  hashrate: hashesPerSecond,
  revenue: bitcoin,
})
const answered = z.object({
  data: z.object({ getHashrateScoreHistory: z.object({ nodes: z.array(node) }) }),
})
const errors = z.object({ errors: z.array(z.unknown()).nullish() })

export const luxor: PoolAdapter<LuxorAccount> = {
  pool,
  origin: 'https://api.luxor.tech',
  requests: ({ user, key }) => [
    {
      method: 'POST',
      path: '/graphql',
      headers: { ...jsonBodyHeaders, 'x-lux-api-key': key },
      body: JSON.stringify({ query, variables: { mpn: 'BTC', uname: user, first: daysAsked } }),
    },
  ],
  row([answer], question) {
    requireOver(pool, question)
    if (readAnswer(pool, errors, answer).errors?.length) throw new PoolRefusedError(pool, 'GraphQL error')
    const nodes = readAnswer(pool, answered, answer).data.getHashrateScoreHistory.nodes
    const found = nodes.filter(({ date }) => dateOf(date) === dayToDate(question.day))
    const [row] = found
    if (row === undefined) throw new PoolDayMissingError(pool, question.day)
    if (found.length > 1) throw new PoolAnswerError(pool, 'nodes', `holds day ${question.day} twice`)
    return poolRow({
      pool,
      day: question.day,
      scheme: 'FPPS',
      hashrate: row.hashrate,
      reward: satoshiDown(row.revenue),
      settled: true,
    })
  },
}

function dateOf(time: string): string {
  const parsed = new Date(time)
  const iso = parsed.toISOString()
  if (iso.endsWith('T00:00:00.000Z')) return iso.slice(0, 10)
  throw new PoolDayBoundaryError(pool, parsed.getTime() / 1_000, 'its days begin at 00:00 UTC')
}
