import { z } from 'zod'
import { secondsPerDay } from '../block.ts'
import { floorDown, quantity } from './decimal.ts'
import { PoolAnswerError, PoolIdleError } from './errors.ts'
import { hashesPerSecond, hashrateDown, hashrateWithUnit } from './hashrate.ts'
import { readAccepted, readAnswer } from './poolAdapter.ts'

/*
 * The last 24 hours before the answer, as pools show it to miners: to be displayed and to raise an alarm by, never a day's
 * value. Each function takes the answer to the request above it. H/s, floored.
 */

type Answer = string | undefined

/** GET /bitcoin/<user>. `hashes_last_day` counts hashes; `hashrate` beside it is of this minute. */
function f2poolV1(answer: Answer): bigint {
  const { hashes_last_day } = readAnswer('f2pool', z.object({ hashes_last_day: quantity }), answer)
  return floorDown(hashes_last_day / BigInt(secondsPerDay))
}

/** POST /v2/hash_rate/info */
function f2poolV2(answer: Answer): bigint {
  const schema = z.object({ info: z.object({ h24_hash_rate: hashesPerSecond }) })
  return readAccepted('f2pool', schema, answer).info.h24_hash_rate
}

const braiinsProfile = z.object({
  btc: z.object({ hash_rate_unit: z.string().min(1), hash_rate_24h: z.string() }).nullable(),
})

/** GET /accounts/profile/json/btc/ */
function braiins(answer: Answer): bigint {
  const { btc } = readAnswer('braiins', braiinsProfile, answer)
  if (btc === null) throw new PoolIdleError('braiins', undefined)
  const value = hashrateDown(btc.hash_rate_24h, btc.hash_rate_unit)
  if (value === undefined)
    throw new PoolAnswerError('braiins', 'btc.hash_rate_24h', 'is no hashrate with its unit')
  return value
}

/** GET /res/openapi/v1/hashrate?coin=BTC */
function viabtc(answer: Answer): bigint {
  const data = z.object({ coin: z.literal('BTC'), hashrate_24hour: hashesPerSecond })
  return readAccepted('viabtc', z.object({ code: z.literal('0'), data }), answer).data.hashrate_24hour
}

/** GET /v1/statsnap/<address> */
function ocean(answer: Answer): bigint {
  const schema = z.object({ result: z.object({ hashrate_86400s: hashesPerSecond }) })
  return readAnswer('ocean', schema, answer).result.hashrate_86400s
}

/** GET /users/<address> */
function ckpool(answer: Answer): bigint {
  return readAnswer('ckpool', z.object({ hashrate1d: hashrateWithUnit }), answer).hashrate1d
}

/** GET /pool/pool.status, of the whole pool: one JSON object a line, the hashrates in one of them. */
function ckpoolTotal(answer: Answer): bigint {
  const line = answer?.split('\n').find((text) => text.includes('"hashrate1d"'))
  if (line === undefined) throw new PoolAnswerError('ckpool', 'hashrate1d', 'is missing')
  return ckpool(line)
}

export const rollingHashrate = { f2poolV1, f2poolV2, braiins, viabtc, ocean, ckpool, ckpoolTotal }
