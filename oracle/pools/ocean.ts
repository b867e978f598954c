import { z } from 'zod'
import { dayOf } from '../block.ts'
import { satoshi, whole } from './decimal.ts'
import { PoolIdleError } from './errors.ts'
import {
  blocksMatured,
  jsonHeaders,
  type PoolAdapter,
  readAnswer,
  requireOver,
  startOf,
  sum,
} from './poolAdapter.ts'
import { poolRow } from './poolRow.ts'

export type OceanAccount = { address: string }

const pool = 'ocean'

/** Unix seconds, or a UTC time that does not say so. */
const time = z.union([
  whole,
  z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z?$/, 'is no time')
    .transform((text) => Date.parse(text.endsWith('Z') ? text : `${text}Z`) / 1_000)
    .refine(Number.isFinite, 'is no time'),
])

const earnings = z.object({
  result: z.object({
    earnings: z.array(z.object({ block_hash: z.string(), ts: time, satoshis_net_earned: satoshi })),
  }),
})

/** Each block that the pool found is an earning of its own, of the day of its time stamp. */
export const ocean: PoolAdapter<OceanAccount> = {
  pool,
  origin: 'https://api.ocean.xyz',
  requests: ({ address }, { day }) => [
    {
      method: 'GET',
      path: `/v1/earnpay/${encodeURIComponent(address)}/${startOf(day)}/${startOf(day + 1)}`,
      headers: jsonHeaders,
    },
  ],
  row([answer], question) {
    requireOver(pool, question)
    const all = readAnswer(pool, earnings, answer).result.earnings
    const ofDay = all.filter(({ ts }) => dayOf(ts) === question.day)
    // No block on that day, or no such address: the answers are the same.
    if (ofDay.length === 0) throw new PoolIdleError(pool, question.day)
    return poolRow({
      pool,
      day: question.day,
      scheme: 'TIDES',
      hashrate: undefined,
      reward: sum(ofDay.map(({ satoshis_net_earned }) => satoshis_net_earned)),
      settled: blocksMatured(question),
    })
  },
}
