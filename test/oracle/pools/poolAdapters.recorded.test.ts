import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { floorDown, parseDecimal } from '../../../oracle/pools/decimal.ts'
import {
  PoolAnswerError,
  PoolContradictionError,
  PoolDayBoundaryError,
  PoolDayMissingError,
  PoolDayOnlyRollingError,
  PoolDayOpenError,
  PoolIdleError,
  PoolRefusedError,
} from '../../../oracle/pools/errors.ts'
import { poolAdapters } from '../../../oracle/pools/poolAdapters.ts'
import type { PoolRow } from '../../../oracle/pools/poolRow.ts'
import { readJson } from '../../../oracle/pools/readJson.ts'
import { rollingHashrate } from '../../../oracle/pools/rollingHashrate.ts'
import { poolAccounts } from '../../support/poolServer.ts'
import { needData } from '../recorded.ts'
import { antpoolAnswer, antpoolRows, dayAfter, example, examples, recordedBody } from './examples.ts'

const runningDayAfter = (text: string) =>
  text.replace(
    /,(\{[^{]*\})\]$/,
    (_, row: string) => `,${row},${row.replace('-04T', '-05T').replace('-03T', '-04T')}]`,
  )

const rowOf = (name: keyof typeof example): PoolRow => {
  const { adapter, answers, question } = examples()[name]
  return adapter.row(answers, question)
}

describe('pool adapters on recorded shapes', () => {
  before(function () {
    needData(this)
  })

  it('F2Pool v2: sums the bills of a day of mining, after its settlement', () => {
    const expected: PoolRow = {
      ...{ pool: 'f2pool', day: 19_675, scheme: 'FPPS', hashrate: 500_000_000_000_000n, reward: 50_500n },
      ...{ rewardPerUnit: 101_000n * 10n ** 18n, feeRate: 5_000_000_000_000_000n, settled: true },
    }
    const single = [recordedBody('f2pool_v2_transactions')]
    assert.deepEqual(poolAdapters.f2poolV2.row(single, example.f2poolV2), expected)
    const both = { hashrate: 1_000_000_000_000_000n, reward: 101_000n, feeRate: undefined }
    assert.deepEqual(rowOf('f2poolV2'), { ...expected, ...both })

    const late = [recordedBody('f2pool_v2_transactions', ['1700006400', '1700092800'])]
    assert.equal(poolAdapters.f2poolV2.row(late, example.f2poolV2).settled, false)
    const twice = [single[0]?.replace(/\[(.*)\]/, '[$1,$1]') ?? '']
    assert.throws(() => poolAdapters.f2poolV2.row(twice, example.f2poolV2), PoolAnswerError)
    const shifted = [recordedBody('f2pool_v2_transactions', ['1699920000', '1699891200'])]
    assert.throws(() => poolAdapters.f2poolV2.row(shifted, example.f2poolV2), PoolDayBoundaryError)
    const settlementDay = { day: 19_676, nowMs: dayAfter(19_676) }
    assert.throws(() => poolAdapters.f2poolV2.row(single, settlementDay), PoolDayMissingError)
    assert.throws(
      () => poolAdapters.f2poolV2.row(['{"code":-1,"msg":"x"}'], example.f2poolV2),
      PoolRefusedError,
    )
  })

  it('Braiins: rewards of the UTC day, hashrate of the day that began two hours before', () => {
    const { question } = examples().braiins
    assert.deepEqual(rowOf('braiins'), {
      ...{ pool: 'braiins', day: 18_841, scheme: 'FPPS', hashrate: 1_073_700_000_000n, reward: 35_648_119n },
      ...{ rewardPerUnit: 33_201_191_207_972_431_777_964_049_548n, feeRate: undefined, settled: true },
    })
    const answers = examples().braiins.answers
    const replaced = (from: string, to: string) => answers.map((text) => text.replace(from, to))
    const hour = (before: number) => replaced('1627855200', String(1_627_862_400 - before * 3_600))
    assert.equal(poolAdapters.braiins.row(hour(1), question).hashrate, 1_073_700_000_000n)
    for (const before of [0, 3, 1.5]) {
      assert.throws(() => poolAdapters.braiins.row(hour(before), question), PoolDayBoundaryError)
    }
    const old = replaced(
      ']}',
      ',{"date":1500000000,"hash_rate_unit":"Gh/s","hash_rate_24h":1,"total_shares":1}]}',
    )
    assert.deepEqual(poolAdapters.braiins.row([answers[0] ?? '', old[1] ?? ''], question), rowOf('braiins'))
    for (const unit of ['Th/s', 'Mh/s']) {
      assert.throws(() => poolAdapters.braiins.row(replaced('Gh/s', unit), question), PoolContradictionError)
    }
    const beijing = replaced('1627862400', '1627833600')
    assert.throws(() => poolAdapters.braiins.row(beijing, question), PoolDayBoundaryError)
  })

  it('Braiins: no activity is neither missing nor zero', () => {
    const idle = recordedBody('braiins_no_activity')
    const [rewards = '', hashrates = ''] = examples().braiins.answers
    for (const answers of [
      [idle, hashrates],
      [rewards, idle],
      [idle, idle],
    ]) {
      assert.throws(() => poolAdapters.braiins.row(answers, example.braiins), PoolIdleError)
    }
    assert.throws(() => rollingHashrate.braiins(idle), PoolIdleError)
    const tomorrow = { day: 18_842, nowMs: dayAfter(18_842) }
    assert.throws(() => poolAdapters.braiins.row([rewards, hashrates], tomorrow), PoolDayMissingError)
  })

  it('ViaBTC: by UTC date, the parts adding up to the total', () => {
    const { question, answers } = examples().viabtc
    assert.deepEqual(rowOf('viabtc'), {
      ...{ pool: 'viabtc', day: 17_809, scheme: 'PPS', hashrate: 651_358_832_825n, reward: 2_148n },
      ...{ rewardPerUnit: 3_297_721_458_207_508_878_882_915n, feeRate: undefined, settled: true },
    })
    for (const { path } of poolAdapters.viabtc.requests(poolAccounts.viabtc, question)) {
      assert.match(path, /[?&]start_date=2018-10-05&end_date=2018-10-05&utc=true$/)
    }
    const [profit = '', hashrate = ''] = answers
    const broken = profit.replace('"pplns_profit":"0"', '"pplns_profit":"0.00000001"')
    assert.throws(() => poolAdapters.viabtc.row([broken, hashrate], question), PoolContradictionError)
    const plus = broken.replace('"total_profit":"0.00002148"', '"total_profit":"0.00002149"')
    const { scheme, reward, settled } = poolAdapters.viabtc.row([plus, hashrate], question)
    assert.deepEqual([scheme, reward, settled], ['PPS+', 2_149n, false])
    assert.equal(
      poolAdapters.viabtc.row([plus, hashrate], { ...question, nowMs: dayAfter(17_809, 3) }).settled,
      true,
    )
    const otherCoin = answers.map((text) => text.replaceAll('BTC', 'BCH'))
    assert.throws(() => poolAdapters.viabtc.row(otherCoin, question), PoolAnswerError)
    assert.throws(
      () => poolAdapters.viabtc.row(['{"code":12004,"data":{}}', hashrate], question),
      PoolRefusedError,
    )
  })

  it('AntPool: sums the rows of a date before it rounds, and checks the unit of the hashrate', () => {
    const { question } = examples().antpool
    // 0.00612345 + 0.000123455 + 0.002 + 0.000000005 BTC; rounded row by row it would be a satoshi less.
    assert.deepEqual(rowOf('antpool'), {
      ...{ pool: 'antpool', day: 19_426, scheme: 'FPPS', hashrate: 5_112_345_678_901_234n, reward: 824_691n },
      ...{ rewardPerUnit: 161_313_622_316_956_846_223_808n, feeRate: undefined, settled: true },
    })
    const one = (row: string) => poolAdapters.antpool.row([antpoolAnswer(row)], question)
    const [, row = ''] = antpoolRows
    // MH/s taken for H/s.
    assert.throws(() => one(row.replace('3612345678901234', '3612345678.9')), PoolContradictionError)
    assert.throws(() => one(row.replace('3.61 PH/s', '3.61')), PoolAnswerError)
    assert.equal(one(row.replace('"ppsAmount":"0"', '"ppsAmount":"0.1"')).scheme, 'MIXED')
    const blocks = one(
      row.replace('"soloAmount":"0"', '"soloAmount":"0.1"').replace(/"fpps(\w+)":"[^"]+"/g, '"fpps$1":"0"'),
    )
    assert.deepEqual([blocks.scheme, blocks.reward, blocks.settled], ['SOLO', 10_000_000n, false])
    const page = antpoolAnswer(...antpoolRows).replace('"totalRecord":3', '"totalRecord":51')
    assert.throws(() => poolAdapters.antpool.row([page], question), PoolAnswerError)
    const older = page.replace(/\]\}\}$/, `,${row.replace('2023-03-10', '2023-03-09')}]}}`)
    assert.deepEqual(poolAdapters.antpool.row([older], question), rowOf('antpool'))
    assert.equal(one(row.replace('}', ',"mevAmount":"0.00000001"}')).reward, 624_691n)
    assert.throws(() => poolAdapters.antpool.row(['{"code":1,"message":"x"}'], question), PoolRefusedError)
  })

  it('AntPool: signs user, key and nonce', () => {
    const [request] = poolAdapters.antpool.requests(poolAccounts.antpool, {
      day: 19_426,
      nowMs: 1_700_000_000_123,
    })
    const form = new URLSearchParams(request?.body)
    const hmac = createHmac('sha256', 'antpool-secret').update('sandantpool-key1700000000123').digest('hex')
    assert.equal(form.get('signature'), hmac.toUpperCase())
    assert.equal(form.get('nonce'), '1700000000123')
    assert.ok(!request?.body?.includes('antpool-secret'))
  })

  it('Foundry: the last row is the running day', () => {
    const recordedAlone = [recordedBody('foundry_earnings_v2')]
    assert.throws(() => poolAdapters.foundry.row(recordedAlone, example.foundry), PoolDayOpenError)
    assert.deepEqual(rowOf('foundry'), {
      ...{ pool: 'foundry', day: 19_724, scheme: 'FPPS', hashrate: 12_345_678_901_234n, reward: 56_789n },
      ...{ rewardPerUnit: 4_599_909_041_399_392_968_410_441n, feeRate: 0n, settled: true },
    })
    const next = { day: 19_725, nowMs: dayAfter(19_725) }
    const later = runningDayAfter(examples().foundry.answers[0] ?? '')
    assert.equal(poolAdapters.foundry.row([later], next).feeRate, 25_000_000_000_000_000n)
    const half = examples().foundry.answers.map((text) =>
      text.replace('2024-01-03T00:00', '2024-01-02T12:00'),
    )
    assert.throws(() => poolAdapters.foundry.row(half, example.foundry), PoolDayBoundaryError)
  })

  it('Luxor: a hashrate above 2^53 in a string, a reward with more decimals than a satoshi has', () => {
    assert.deepEqual(rowOf('luxor'), {
      ...{
        pool: 'luxor',
        day: 19_000,
        scheme: 'FPPS',
        hashrate: 9_007_199_254_740_993_123n,
        reward: 1_234_567n,
      },
      ...{ rewardPerUnit: 137_064_470_884_240_546_375n, feeRate: undefined, settled: true },
    })
    const refused = ['{"errors":[{"message":"no"}],"data":null}']
    assert.throws(() => poolAdapters.luxor.row(refused, example.luxor), PoolRefusedError)
    const zone = examples().luxor.answers.map((text) =>
      text.replace('08T00:00:00+00:00', '08T00:00:00+08:00'),
    )
    assert.throws(() => poolAdapters.luxor.row(zone, example.luxor), PoolDayBoundaryError)
  })

  it('OCEAN: the earnings of the blocks of a day, no hashrate, settled when they have matured', () => {
    const expected: PoolRow = {
      ...{ pool: 'ocean', day: 0, scheme: 'TIDES', hashrate: undefined, reward: 4_321n },
      ...{ rewardPerUnit: undefined, feeRate: undefined, settled: false },
    }
    assert.deepEqual(rowOf('ocean'), expected)
    const { answers } = examples().ocean
    assert.equal(poolAdapters.ocean.row(answers, { day: 0, nowMs: dayAfter(0, 3) }).settled, true)
    assert.throws(() => poolAdapters.ocean.row(answers, { day: 1, nowMs: dayAfter(1) }), PoolIdleError)
    const zoneless = answers.map((text) => text.replace('"ts":0', '"ts":"1970-01-01T23:59:59"'))
    const zone = process.env.TZ
    process.env.TZ = 'Asia/Shanghai'
    try {
      assert.deepEqual(poolAdapters.ocean.row(zoneless, example.ocean), expected)
    } finally {
      if (zone === undefined) delete process.env.TZ
      else process.env.TZ = zone
    }
  })

  it('F2Pool v1 and CKPool publish no day', () => {
    // A count of hashes: taken for H/s it would be 86,400 times too much.
    const v1 = recordedBody('f2pool_v1_user', [
      '"hashes_last_day":0,"hashes_last_hour"',
      '"hashes_last_day":1084452716521979904,"hashes_last_hour"',
    ])
    const ask = (adapter: 'f2poolV1' | 'ckpool', answer: string) => () =>
      poolAdapters[adapter].row([answer], { day: 1, nowMs: dayAfter(1) })
    const refusal = (rolling: bigint) => (error: unknown) =>
      error instanceof PoolDayOnlyRollingError && error.rollingHashrate === rolling
    assert.throws(ask('f2poolV1', v1), refusal(12_551_536_070_856n))
    assert.throws(ask('ckpool', recordedBody('ckpool_user')), refusal(139_000_000_000_000n))
  })

  it('reads the last 24 hours of each pool that shows them', () => {
    assert.equal(rollingHashrate.f2poolV1(recordedBody('f2pool_v1_user')), 0n)
    assert.equal(rollingHashrate.f2poolV2(recordedBody('f2pool_v2_hash_rate_info')), 323_116n)
    assert.equal(rollingHashrate.braiins(recordedBody('braiins_profile')), 29_377_175_500_000n)
    assert.equal(rollingHashrate.viabtc(recordedBody('viabtc_hashrate')), 0n)
    assert.equal(rollingHashrate.ocean(recordedBody('ocean_statsnap')), 1_885_800_000_000_000n)
    assert.equal(rollingHashrate.ckpool(recordedBody('ckpool_user')), 139_000_000_000_000n)
    const status =
      '{"runtime":1,"Users":2}\n{"hashrate1m":"1.4P","hashrate1d":"1.39P"}\n{"diff":1.5,"shares":7}\n'
    assert.equal(rollingHashrate.ckpoolTotal(status), 1_390_000_000_000_000n)
    assert.throws(() => rollingHashrate.ckpoolTotal(status.replaceAll('\n', '')), PoolAnswerError)
    assert.throws(() => rollingHashrate.ckpoolTotal('{"runtime":1}\n'), PoolAnswerError)
  })

  it('reads the large and small numbers of every recorded body without a double', () => {
    const hashrates = recordedBody('mempool_hashrate_3d')
    const expected = ['236499762108771800000', '217473276787331300000', '189877203506913000000']
    assert.deepEqual(JSON.stringify(readJson('m', hashrates)).match(/(?<="avgHashrate":")\d+/g), expected)
    assert.equal(floorDown(parseDecimal('1.0332907286849138e+20') ?? 0n), 103_329_072_868_491_380_000n)
    for (const name of ['f2pool_coins_chart', 'braiins_stats', 'blockchain_charts'])
      readJson('m', recordedBody(name))
  })

  it('refuses a day that stands there twice, for one of the two is wrong', () => {
    const lists = {
      braiins: /"btc":\[(.*)\]|"daily_rewards":\[(.*)\]/,
      viabtc: /"data":\[(.*)\]/,
      luxor: /"nodes":\[(.*)\]/,
      foundry: /^\[(.*)\]$/,
    }
    for (const [name, list] of Object.entries(lists)) {
      // Safe: the keys of `lists` are names of examples.
      const { adapter, answers, question } = examples()[name as keyof typeof lists]
      for (const at of answers.keys()) {
        const twice = answers.map((text, place) =>
          place === at
            ? text.replace(list, (all, one?: string, two?: string) => all.replace(/\]$/, `,${one ?? two}]`))
            : text,
        )
        assert.notDeepEqual(twice, answers)
        assert.throws(() => adapter.row(twice, question), PoolAnswerError, name)
      }
    }
  })

  it('refuses a day that is not over, whatever is answered', () => {
    for (const { adapter, answers, question } of Object.values(examples())) {
      const running = { ...question, nowMs: dayAfter(question.day) - 1 }
      assert.throws(() => adapter.row(answers, running), PoolDayOpenError)
    }
  })
})
