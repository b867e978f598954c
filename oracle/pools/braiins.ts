import { z } from 'zod'
import { dayToDate, secondsPerDay } from '../block.ts'
import { bitcoin, floorDown, quantity, satoshiDown, whole } from './decimal.ts'
import {
  PoolAnswerError,
  PoolContradictionError,
  PoolDayBoundaryError,
  PoolDayMissingError,
  PoolIdleError,
} from './errors.ts'
import { hashrateDown } from './hashrate.ts'
import {
  jsonHeaders,
  type PoolAdapter,
  type PoolQuestion,
  type PoolRequest,
  readAnswer,
  requireOver,
  startOf,
} from './poolAdapter.ts'
import { poolRow } from './poolRow.ts'

export type BraiinsAccount = { token: string }

const pool = 'braiins'

/** Where nothing was ever mined the answer is `{"btc": null}`. */
const rewards = z.object({
  btc: z
    .object({
      daily_rewards: z.array(z.object({ date: whole, mining_reward: bitcoin })),
    })
    .nullable(),
})

const hashrates = z.object({
  btc: z
    .array(
      z.object({
        date: whole,
        hash_rate_unit: z.string(),
        hash_rate_24h: z.string(),
        total_shares: quantity,
      }),
    )
    .nullable(),
})

type Hashrate = NonNullable<z.output<typeof hashrates>['btc']>[number]

/**
 * Rewards are of UTC days, hashrates of days that begin at midnight in Prague, 22:00 UTC in summer and 23:00 in winter.
 * The hashrate of the day that begins in those hours before a UTC day is taken for that day's.
 */
export const braiins: PoolAdapter<BraiinsAccount> = {
  pool,
  origin: 'https://pool.braiins.com',
  requests: (account, { day }) => [
    get(account, `/accounts/rewards/json/btc?from=${dayToDate(day)}&to=${dayToDate(day + 1)}`),
    get(account, '/accounts/hash_rate_daily/json/group/btc'),
  ],
  row([rewardsAnswer, hashratesAnswer], question) {
    requireOver(pool, question)
    const rewardRows = readAnswer(pool, rewards, rewardsAnswer).btc?.daily_rewards
    const hashrateRows = readAnswer(pool, hashrates, hashratesAnswer).btc
    if (!rewardRows || !hashrateRows) throw new PoolIdleError(pool, question.day)
    const reward = rewardRows.filter(({ date }) => rewardDayOf(date) === question.day)
    // All days since the account began are answered; where those of other years begin does not matter.
    const near = hashrateRows.filter(({ date }) => Math.abs(date - startOf(question.day)) < secondsPerDay)
    const hashrate = near.filter(({ date }) => hashrateDayOf(date) === question.day)
    return poolRow({
      pool,
      day: question.day,
      scheme: 'FPPS',
      hashrate: hashesPerSecondOf(only(hashrate, question)),
      // Bonuses for firmware and referrals are not what hashrate earns.
      reward: satoshiDown(only(reward, question).mining_reward),
      settled: true,
    })
  },
}

function get({ token }: BraiinsAccount, path: string): PoolRequest {
  return { method: 'GET', path, headers: { ...jsonHeaders, 'SlushPool-Auth-Token': token } }
}

function rewardDayOf(date: number): number {
  if (date % secondsPerDay === 0) return date / secondsPerDay
  throw new PoolDayBoundaryError(pool, date, 'days of rewards begin at 00:00 UTC')
}

function hashrateDayOf(date: number): number {
  const next = Math.floor(date / secondsPerDay) + 1
  const hoursBefore = (startOf(next) - date) / 3_600
  if (hoursBefore === 1 || hoursBefore === 2) return next
  throw new PoolDayBoundaryError(pool, date, 'days of hashrates begin at 22:00 or 23:00 UTC')
}

function only<Row>(rows: readonly Row[], { day }: PoolQuestion): Row {
  const [row] = rows
  if (row === undefined) throw new PoolDayMissingError(pool, day)
  if (rows.length > 1) throw new PoolAnswerError(pool, 'btc', `holds day ${day} twice`)
  return row
}

const hashesPerShare = 2n ** 32n

/** The credited shares say the same without a unit, and the two must agree within half a percent. */
function hashesPerSecondOf({ hash_rate_24h, hash_rate_unit, total_shares }: Hashrate): bigint {
  const hashrate = hash_rate_unit === '' ? undefined : hashrateDown(hash_rate_24h, hash_rate_unit)
  if (hashrate === undefined)
    throw new PoolAnswerError(pool, 'btc.hash_rate_24h', 'is no hashrate with its unit')
  const byShares = floorDown((total_shares * hashesPerShare) / BigInt(secondsPerDay))
  const apart = hashrate > byShares ? hashrate - byShares : byShares - hashrate
  if (apart * 200n > byShares) {
    throw new PoolContradictionError(pool, 'hash_rate_24h', hashrate, byShares)
  }
  return hashrate
}
