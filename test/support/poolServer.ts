import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'

/*
 * One HTTP server that speaks for all pools, on the paths and in the shapes that were recorded of them, with their keys and
 * signatures checked. A test compares the shapes with the recorded ones.
 */

export const poolAccounts = {
  antpool: { userId: 'sand', key: 'antpool-key', secret: 'antpool-secret' },
  braiins: { token: 'braiins-token' },
  ckpool: { address: 'bc1qsand' },
  f2poolV1: { user: 'sand' },
  f2poolV2: { user: 'sand', secret: 'f2pool-secret' },
  foundry: { subaccount: 'sand', key: 'foundry-key' },
  luxor: { user: 'sand', key: 'luxor-key' },
  ocean: { address: 'bc1qsand' },
  viabtc: { key: 'viabtc-key' },
} as const

/** What every pool credited on a day: H/s and satoshi. */
export type CreditedDay = { hashrate: bigint; satoshi: bigint }

export type Behaviour =
  | 'honest'
  /** Credits a thousandfold, as a mistaken unit would. */
  | 'thousandfold'
  | 'rateLimited'
  | 'banned'
  | 'failing'
  | 'silent'
  | 'notJson'
  | 'endless'
  | 'redirecting'

export type PoolServer = {
  url: string
  /** `POST /graphql` and so on, in order. */
  asked: readonly string[]
  behave(behaviour: Behaviour): void
  credit(day: number, credited: CreditedDay): void
  close(): Promise<void>
}

export async function startPoolServer(
  days: ReadonlyMap<number, CreditedDay> = new Map(),
): Promise<PoolServer> {
  const credited = new Map(days)
  const asked: string[] = []
  let behaviour: Behaviour = 'honest'
  const server = createServer(async (request, response) => {
    const question: Question = {
      request,
      url: new URL(request.url ?? '/', 'http://pool'),
      body: await text(request),
    }
    asked.push(`${request.method} ${question.url.pathname}`)
    if (behaviour === 'silent') return
    const [status, headers, body] = misbehave(behaviour) ?? answer(question, told(credited, behaviour))
    response.writeHead(status, headers)
    if (behaviour === 'endless') Readable.from(blanks()).pipe(response)
    else response.end(body)
  })
  const url = await listening(server)
  return {
    url,
    asked,
    behave: (next) => {
      behaviour = next
    },
    credit: (day, value) => credited.set(day, value),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function* blanks(): Generator<string> {
  while (true) yield ' '.repeat(65_536)
}

type Question = { request: IncomingMessage; url: URL; body: string }
type Reply = [status: number, headers: Record<string, string>, body: string]
type Days = [day: number, credited: CreditedDay][]

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Safe: a server that listens on TCP has an AddressInfo.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function misbehave(behaviour: Behaviour): Reply | undefined {
  if (behaviour === 'rateLimited') return [429, { 'retry-after': '7' }, 'slow down, antpool-secret']
  if (behaviour === 'banned') return [403, {}, 'banned']
  if (behaviour === 'failing') return [502, {}, '<html>']
  if (behaviour === 'notJson') return [200, {}, '<html>maintenance</html>']
  if (behaviour === 'endless') return [200, {}, '']
  if (behaviour === 'redirecting') return [302, { location: '/elsewhere' }, '']
  return undefined
}

function told(credited: ReadonlyMap<number, CreditedDay>, behaviour: Behaviour): Days {
  const times = behaviour === 'thousandfold' ? 1_000n : 1n
  return [...credited]
    .sort(([a], [b]) => a - b)
    .map(([day, { hashrate, satoshi }]) => [day, { hashrate, satoshi: satoshi * times }])
}

function answer(question: Question, days: Days): Reply {
  for (const [path, speak] of Object.entries(routes)) {
    if (!question.url.pathname.startsWith(path)) continue
    const body = speak(question, days)
    return body === undefined ? [401, {}, 'no'] : [200, { 'content-type': 'application/json' }, json(body)]
  }
  return [404, {}, 'no such path']
}

/* A number that no double may touch is written as a marked text, and the marks are taken off at the end. */

const raw = (digits: bigint | string) => `@${digits}@`
const json = (value: unknown) =>
  typeof value === 'string' ? value : JSON.stringify(value).replace(/"@([\d.]+)@"/g, '$1')

const dayStart = (day: number) => day * 86_400
const date = (day: number) => new Date(dayStart(day) * 1_000).toISOString().slice(0, 10)
const decimal = (value: bigint, decimals: number) => {
  const digits = String(value).padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}
const btc = (satoshi: bigint) => decimal(satoshi, 8)
const terahash = 10n ** 12n

type Speak = (question: Question, days: Days) => unknown

const header = ({ request }: Question, name: string) => request.headers[name]
const lastOf = (days: Days): CreditedDay => days.at(-1)?.[1] ?? { hashrate: 0n, satoshi: 0n }

const f2poolV1: Speak = (_, days) => {
  const { hashrate, satoshi } = lastOf(days)
  return {
    ...{
      balance: raw(btc(satoshi)),
      hashes_last_day: raw(hashrate * 86_400n),
      hashes_last_hour: raw(hashrate * 3_600n),
    },
    ...{ hashrate: raw(hashrate), value: raw(btc(satoshi)), value_last_day: raw(btc(satoshi)) },
  }
}

const f2poolV2: Speak = (question, days) => {
  if (header(question, 'f2p-api-secret') !== poolAccounts.f2poolV2.secret)
    return { code: 401, msg: 'unauthorized' }
  const { start_time: from, end_time: to } = JSON.parse(question.body) as {
    start_time: number
    end_time: number
  }
  const inside = days.filter(([day]) => dayStart(day + 1) >= from && dayStart(day + 1) < to)
  const transactions = inside.map(([day, { hashrate, satoshi }]) => ({
    id: day,
    type: 'revenue_fpps',
    changed_balance: raw(btc(satoshi)),
    created_at: dayStart(day + 1),
    mining_extra: {
      ...{ mining_date: dayStart(day), settle_date: dayStart(day + 1) },
      ...{ pps: raw(btc(satoshi - satoshi / 10n)), pps_fee_rate: 0.005 },
      ...{ tx_fee: raw(btc(satoshi / 10n)), tx_fee_rate: 0.005, hash_rate: raw(hashrate) },
    },
    payout_extra: null,
  }))
  return { transactions }
}

const braiinsRewards: Speak = (question, days) => {
  if (header(question, 'slushpool-auth-token') !== poolAccounts.braiins.token) return undefined
  if (days.length === 0) return { btc: null }
  const daily_rewards = days.map(([day, { satoshi }]) => ({
    ...{ date: dayStart(day), total_reward: btc(satoshi), mining_reward: btc(satoshi) },
    ...{ bos_plus_reward: btc(0n), referral_bonus: btc(0n), referral_reward: btc(0n) },
  }))
  return { btc: { daily_rewards } }
}

const braiinsHashrate: Speak = (question, days) => {
  if (header(question, 'slushpool-auth-token') !== poolAccounts.braiins.token) return undefined
  if (days.length === 0) return { btc: null }
  const rows = days.map(([day, { hashrate }]) => ({
    ...{ date: dayStart(day) - 7_200, hash_rate_unit: 'Gh/s', hash_rate_24h: raw(decimal(hashrate, 9)) },
    ...{ scoring_hash_rate_24h: raw(decimal(hashrate, 9)), total_shares: raw((hashrate * 86_400n) >> 32n) },
  }))
  return { btc: rows }
}

const viabtc =
  (row: (credited: CreditedDay) => object): Speak =>
  (question, days) => {
    if (header(question, 'x-api-key') !== poolAccounts.viabtc.key)
      return { code: 12_001, data: {}, message: 'no' }
    const { searchParams } = question.url
    const [from, to] = [searchParams.get('start_date') ?? '', searchParams.get('end_date') ?? '']
    // Without utc=true its days are Beijing's, eight hours off: another value, here a tenth less.
    const utc = searchParams.get('utc') === 'true' ? 10n : 9n
    const data = days
      .filter(([day]) => date(day) >= from && date(day) <= to)
      .map(([day, { hashrate, satoshi }]) => ({
        ...{ coin: 'BTC', date: date(day) },
        ...row({ hashrate: (hashrate * utc) / 10n, satoshi: (satoshi * utc) / 10n }),
      }))
    const count = data.length
    return {
      code: 0,
      data: { count, curr_page: 1, data, has_next: false, total: count, total_page: 1 },
      message: 'OK',
    }
  }

const viabtcProfit = viabtc(({ satoshi }) => ({
  ...{ pplns_profit: '0', pps_profit: btc(satoshi), solo_profit: '0', total_profit: btc(satoshi) },
}))
const viabtcHashrate = viabtc(({ hashrate }) => ({ hashrate: String(hashrate), reject_rate: '0.0001' }))

const antpool: Speak = (question, days) => {
  const form = new URLSearchParams(question.body)
  const { userId, key, secret } = poolAccounts.antpool
  const signature = createHmac('sha256', secret)
    .update(`${userId}${key}${form.get('nonce')}`)
    .digest('hex')
  if (form.get('key') !== key || form.get('signature') !== signature.toUpperCase())
    return { code: 1, message: 'no' }
  const row = (day: number, hashrate: bigint, satoshi: bigint) => ({
    ...{ timestamp: `${date(day)} 00:00:00`, hashrate: `${decimal(hashrate / 1_000_000n, 9)} PH/s` },
    ...{ hashrate_unit: raw(hashrate), ppsAmount: '0', pplnsAmount: '0', soloAmount: '0', ppappsAmount: '0' },
    ...{
      ppapplnsAmount: '0',
      fppsBlockAmount: btc(satoshi - satoshi / 10n),
      fppsFeeAmount: btc(satoshi / 10n),
    },
  })
  const rows = days.toReversed().flatMap(([day, { hashrate, satoshi }]) => {
    const [someHashrate, someSatoshi] = [hashrate / 3n, satoshi / 3n]
    return [row(day, someHashrate, someSatoshi), row(day, hashrate - someHashrate, satoshi - someSatoshi)]
  })
  return {
    code: 0,
    message: 'ok',
    data: { page: 1, totalPage: 1, pageSize: 50, totalRecord: rows.length, rows },
  }
}

const luxor: Speak = (question, days) => {
  if (header(question, 'x-lux-api-key') !== poolAccounts.luxor.key)
    return { errors: [{ message: 'no' }], data: null }
  const nodes = days.toReversed().map(([day, { hashrate, satoshi }]) => ({
    ...{ date: `${date(day)}T00:00:00+00:00`, hashrate: String(hashrate), efficiency: 0.99 },
    revenue: raw(btc(satoshi)),
  }))
  return { data: { getHashrateScoreHistory: { nodes } } }
}

/** The running day comes last, with the times of a whole day. */
const foundry: Speak = (question, days) => {
  if (header(question, 'x-api-key') !== poolAccounts.foundry.key) return undefined
  const row = (day: number, { hashrate, satoshi }: CreditedDay) => ({
    startTime: `${date(day)}T00:00:00.000+00:00`,
    endTime: `${date(day + 1)}T00:00:00.000+00:00`,
    ...{ totalAmount: raw(btc(satoshi)), hashrate: raw(hashrate), ppsBaseAmount: raw(btc(satoshi)) },
    ...{ txFeeRewardAmount: 0, fppsRatePercent: 100, poolFeeAmount: 0, feeRatePercent: 0 },
    grossEarnings: raw(btc(satoshi)),
  })
  const from = Number(question.url.searchParams.get('startDateUnixMs')) / 1_000
  const rows = days.filter(([day]) => dayStart(day) >= from).map(([day, credited]) => row(day, credited))
  const last = days.at(-1)?.[0]
  return last === undefined ? rows : [...rows, row(last + 1, { hashrate: 1n, satoshi: 1n })]
}

/** Two blocks a day, a third of the credit by the first. */
const ocean: Speak = (question, days) => {
  const [from = 0, to = 0] = question.url.pathname.split('/').slice(-2).map(Number)
  const earnings = days
    .filter(([day]) => dayStart(day) >= from && dayStart(day) < to)
    .flatMap(([day, { satoshi }]) =>
      [satoshi / 3n, satoshi - satoshi / 3n].map((part, at) => ({
        ...{
          block_hash: String(at).repeat(64),
          ts: dayStart(day) + 3_600 + at * 40_000,
          shares_in_window: 1,
        },
        ...{ fees_collected_satoshis: 0, satoshis_net_earned: raw(part) },
      })),
    )
  return { result: { earnings, payouts: [] } }
}

const ckpool: Speak = (_, days) => {
  const rate = `${lastOf(days).hashrate / terahash}T`
  return {
    hashrate1m: rate,
    hashrate1hr: rate,
    hashrate1d: rate,
    hashrate7d: rate,
    workers: 2,
    shares: 123_456_789,
  }
}

const routes: Readonly<Record<string, Speak>> = {
  '/bitcoin/': f2poolV1,
  '/v2/assets/transactions/list': f2poolV2,
  '/accounts/rewards/json/btc': braiinsRewards,
  '/accounts/hash_rate_daily/json/group/btc': braiinsHashrate,
  '/res/openapi/v1/profit/history': viabtcProfit,
  '/res/openapi/v1/hashrate/history': viabtcHashrate,
  '/api/paymentHistoryV2.htm': antpool,
  '/graphql': luxor,
  '/v2/earnings/': foundry,
  '/v1/earnpay/': ocean,
  '/users/': ckpool,
}
