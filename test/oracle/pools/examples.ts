import type { PoolAdapter, PoolQuestion } from '../../../oracle/pools/poolAdapter.ts'
import { poolAdapters } from '../../../oracle/pools/poolAdapters.ts'
import { recorded } from '../recorded.ts'

type Shape = { body?: unknown; [field: string]: unknown }

/** A recorded body, as text; `change` replaces parts of it. */
export function recordedBody(name: string, ...changes: readonly [from: string, to: string][]): string {
  const shapes = JSON.parse(recorded('pool_api_shapes.json').toString()) as Record<string, Shape>
  const body = JSON.stringify(shapes[name]?.body)
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new RangeError(`${name} does not hold ${from}`)
    return text.replaceAll(from, to)
  }, body)
}

export const dayAfter = (day: number, days = 1) => (day + days) * 86_400_000

export const example = {
  f2poolV2: { day: 19_675, nowMs: dayAfter(19_675) },
  braiins: { day: 18_841, nowMs: dayAfter(18_841) },
  viabtc: { day: 17_809, nowMs: dayAfter(17_809) },
  foundry: { day: 19_724, nowMs: dayAfter(19_724) },
  antpool: { day: 19_426, nowMs: dayAfter(19_426) },
  luxor: { day: 19_000, nowMs: dayAfter(19_000) },
  ocean: { day: 0, nowMs: dayAfter(0) },
} as const satisfies Record<string, PoolQuestion>

export type Example = { adapter: PoolAdapter<never>; answers: readonly string[]; question: PoolQuestion }

const runningDay =
  '{"startTime":"2024-01-03T00:00:00.000+00:00","endTime":"2024-01-04T00:00:00.000+00:00","totalAmount":0.1,"hashrate":1,"feeRatePercent":2.5}'

/** ViaBTC's history of hashrates was not recorded; its documentation gives this answer. */
const viabtcHashrate =
  '{"code":0,"data":{"count":2,"curr_page":1,"data":[{"coin":"BTC","date":"2018-10-05","hashrate":"651358832825","reject_rate":"0"},{"coin":"BTC","date":"2018-10-04","hashrate":"663931951901","reject_rate":"0"}],"has_next":false,"total":2,"total_page":1},"message":"OK"}'

const antpoolRow = (date: string, hashrate: string, unit: string, block: string, fee: string) =>
  `{"timestamp":"${date} 00:00:00","hashrate":"${hashrate}","hashrate_unit":${unit},"ppsAmount":"0","pplnsAmount":"0","soloAmount":"0","ppappsAmount":"0","ppapplnsAmount":"0","fppsBlockAmount":"${block}","fppsFeeAmount":"${fee}"}`

/** Fields and forms are those that public clients read. */
export const antpoolAnswer = (...rows: readonly string[]) =>
  `{"code":0,"message":"ok","data":{"page":1,"totalPage":1,"pageSize":50,"totalRecord":${rows.length},"rows":[${rows.join()}]}}`

export const antpoolRows = [
  antpoolRow('2023-03-11', '9.99 PH/s', '9990000000000000', '0.5', '0.1'),
  antpoolRow('2023-03-10', '3.61 PH/s', '3612345678901234', '0.00612345', '0.000123455'),
  antpoolRow('2023-03-10', '1.50 PH/s', '1500000000000000', '0.002', '0.000000005'),
]

let made: Record<keyof typeof example, Example> | undefined

/** Complete answers, from the recorded bodies wherever there is one. */
export function examples(): Record<keyof typeof example, Example> {
  made ??= makeExamples()
  return made
}

function makeExamples(): Record<keyof typeof example, Example> {
  const rewards = recordedBody('braiins_rewards_daily')
  const hashrates = recordedBody('braiins_hashrate_daily', ['1662674400', String(18_841 * 86_400 - 7_200)])
  const secondBill = recordedBody('f2pool_v2_transactions', ['123456789', '123456790'])
  const bills = recordedBody('f2pool_v2_transactions').replace(']}', `,${secondBill.slice(17, -2)}]}`)
  const luxorNodes =
    '[{"date":"2022-01-09T00:00:00+00:00","hashrate":"7","efficiency":1,"revenue":1},{"date":"2022-01-08T00:00:00+00:00","hashrate":"9007199254740993123","efficiency":99.1,"revenue":0.0123456789}]'
  return {
    f2poolV2: { adapter: poolAdapters.f2poolV2, answers: [bills], question: example.f2poolV2 },
    braiins: { adapter: poolAdapters.braiins, answers: [rewards, hashrates], question: example.braiins },
    viabtc: {
      adapter: poolAdapters.viabtc,
      answers: [recordedBody('viabtc_profit_history'), viabtcHashrate],
      question: example.viabtc,
    },
    foundry: {
      adapter: poolAdapters.foundry,
      answers: [recordedBody('foundry_earnings_v2').replace(/\]$/, `,${runningDay}]`)],
      question: example.foundry,
    },
    antpool: {
      adapter: poolAdapters.antpool,
      answers: [antpoolAnswer(...antpoolRows)],
      question: example.antpool,
    },
    luxor: {
      adapter: poolAdapters.luxor,
      answers: [`{"data":{"getHashrateScoreHistory":{"nodes":${luxorNodes}}}}`],
      question: example.luxor,
    },
    ocean: {
      adapter: poolAdapters.ocean,
      answers: [recordedBody('ocean_earnpay', ['"satoshis_net_earned":0', '"satoshis_net_earned":4321'])],
      question: example.ocean,
    },
  }
}
