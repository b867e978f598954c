import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { BaseError } from '../../../chain/errors.ts'
import {
  PoolAnswerError,
  PoolCredentialError,
  PoolDayMissingError,
  PoolDayOnlyRollingError,
  PoolDayOpenError,
  PoolIdleError,
  PoolRateLimitError,
  PoolRefusedError,
  PoolStatusError,
  PoolUnreachableError,
} from '../../../oracle/pools/errors.ts'
import { type FetchPoolRowParameters, fetchPoolRow } from '../../../oracle/pools/fetchPoolRow.ts'
import type { PoolAdapter } from '../../../oracle/pools/poolAdapter.ts'
import { poolAdapters } from '../../../oracle/pools/poolAdapters.ts'
import type { PoolRow } from '../../../oracle/pools/poolRow.ts'
import { type Behaviour, type PoolServer, poolAccounts, startPoolServer } from '../../support/poolServer.ts'
import { needData, recorded } from '../recorded.ts'
import { dayAfter } from './examples.ts'

const day = 19_844
const question = { day, nowMs: dayAfter(day) + 3_600_000 }
const credited = { hashrate: 9_007_199_254_740_993n, satoshi: 540_432_101n }
type Name = keyof typeof poolAdapters
const names = Object.keys(poolAdapters) as Name[]
const withDays = names.filter((name) => name !== 'f2poolV1' && name !== 'ckpool')

describe('fetchPoolRow', () => {
  let server: PoolServer
  beforeEach(async () => {
    server = await startPoolServer(
      new Map([
        [day - 1, { hashrate: 1n, satoshi: 1n }],
        [day, credited],
      ]),
    )
  })
  afterEach(() => server.close())

  const ask = (name: Name, overrides: Partial<FetchPoolRowParameters<object>> = {}): Promise<PoolRow> => {
    // Safe: the accounts stand under the names of their adapters.
    const adapter = poolAdapters[name] as PoolAdapter<object>
    return fetchPoolRow(fetch, {
      adapter,
      account: poolAccounts[name],
      origin: server.url,
      ...question,
      ...overrides,
    })
  }

  async function failure(asking: Promise<unknown>): Promise<BaseError> {
    const error = await asking.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    assert.ok(error instanceof BaseError, inspect(error))
    const told = inspect(error, { depth: 10 })
    for (const secret of ['-key', '-secret', '-token']) assert.ok(!told.includes(secret), told)
    return error
  }

  for (const name of withDays) {
    it(`gets from ${name} what the pool credited, to the hash and the satoshi`, async () => {
      const row = await ask(name)
      assert.deepEqual([row.day, row.reward], [day, credited.satoshi])
      if (name === 'ocean') return assert.equal(row.hashrate, undefined)
      // Braiins alone is asked in units of Gh/s; its nine decimals are exact.
      assert.equal(row.hashrate, credited.hashrate)
      assert.equal(row.rewardPerUnit, (credited.satoshi * 10n ** 33n) / credited.hashrate)
    })
  }

  it('gets the same from all pools, whatever was credited', async () => {
    const hashrate = fc.bigInt(10n ** 12n, 10n ** 21n)
    await fc.assert(
      fc.asyncProperty(hashrate, fc.bigInt(3n, 10n ** 12n), async (hashrate, satoshi) => {
        server.credit(day, { hashrate, satoshi })
        for (const row of await Promise.all(withDays.map((name) => ask(name)))) {
          assert.equal(row.reward, satoshi)
          if (row.pool !== 'ocean') assert.equal(row.hashrate, hashrate)
        }
      }),
      { numRuns: 25 },
    )
  })

  it('gets no row where only the last 24 hours are published', async () => {
    for (const name of ['f2poolV1', 'ckpool'] as const) {
      const error = await failure(ask(name))
      assert.ok(error instanceof PoolDayOnlyRollingError)
      assert.equal(error.rollingHashrate / 10n ** 12n, credited.hashrate / 10n ** 12n)
    }
  })

  it('tells missing, idle and running days apart, and asks nothing for a running one', async () => {
    const empty = await startPoolServer()
    try {
      for (const name of withDays) {
        const error = await failure(ask(name, { origin: empty.url }))
        const expected = name === 'ocean' || name === 'braiins' ? PoolIdleError : PoolDayMissingError
        assert.ok(error instanceof expected, `${name}: ${error.message}`)
        const before = empty.asked.length
        assert.ok(
          (await failure(ask(name, { origin: empty.url, nowMs: dayAfter(day) - 1 }))) instanceof
            PoolDayOpenError,
        )
        assert.equal(empty.asked.length, before)
      }
    } finally {
      await empty.close()
    }
  })

  it('is refused with a wrong key, and does not name it', async () => {
    for (const name of ['antpool', 'braiins', 'f2poolV2', 'foundry', 'luxor', 'viabtc'] as const) {
      const account = Object.fromEntries(Object.keys(poolAccounts[name]).map((key) => [key, 'wrong-key']))
      const error = await failure(ask(name, { account }))
      assert.ok(error instanceof PoolRefusedError || error instanceof PoolStatusError, error.message)
      assert.equal(error.retry, false)
    }
  })

  it('never sends a key that no header may hold, and does not name it', async () => {
    for (const token of ['braiins-token\n', 'braiins-token\r\nx: y', 'braiins-tokén', '']) {
      const error = await failure(ask('braiins', { account: { token } }))
      assert.ok(error instanceof PoolCredentialError && error.header === 'SlushPool-Auth-Token')
    }
    assert.deepEqual(server.asked, [])
  })

  const failures: readonly [Behaviour, Name, new (...given: never[]) => BaseError, boolean][] = [
    ['rateLimited', 'viabtc', PoolRateLimitError, true],
    ['banned', 'antpool', PoolRateLimitError, true],
    ['banned', 'luxor', PoolStatusError, false],
    ['failing', 'foundry', PoolStatusError, true],
    ['silent', 'braiins', PoolUnreachableError, true],
    ['redirecting', 'f2poolV2', PoolUnreachableError, true],
    ['notJson', 'ocean', PoolAnswerError, false],
    ['endless', 'antpool', PoolAnswerError, false],
  ]
  for (const [behaviour, name, expected, retry] of failures) {
    it(`says ${expected.name} of a pool that is ${behaviour}, asking ${name} once`, async () => {
      server.behave(behaviour)
      const error = await failure(ask(name, { timeoutMs: behaviour === 'silent' ? 200 : 30_000 }))
      assert.ok(error instanceof expected, error.message)
      assert.equal(error.retry, retry)
      assert.equal(server.asked.length, 1)
    })
  }

  it('waits as long as the pool asks for, ten minutes after a ban', async () => {
    const waits: number[] = []
    for (const behaviour of ['rateLimited', 'banned'] as const) {
      server.behave(behaviour)
      const error = await failure(ask('antpool'))
      assert.ok(error instanceof PoolRateLimitError)
      waits.push(error.waitSeconds)
    }
    assert.deepEqual(waits, [7, 600])
  })

  it('stops when it is told to, and where nobody listens', async () => {
    server.behave('silent')
    const controller = new AbortController()
    const asking = failure(ask('luxor', { signal: controller.signal }))
    setTimeout(() => controller.abort(), 50)
    assert.ok((await asking) instanceof PoolUnreachableError)
    assert.ok((await failure(ask('luxor', { origin: 'http://127.0.0.1:9' }))) instanceof PoolUnreachableError)
  })
})

/** The names of all fields, those of a list's elements under one. */
function fieldNames(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((inner) => fieldNames(inner, `${path}[]`)))]
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => fieldNames(inner, `${path}.${key}`))
}

describe('the stub of the pools', () => {
  const shapes: readonly [string, Name, request: number][] = [
    ['f2pool_v2_transactions', 'f2poolV2', 0],
    ['braiins_rewards_daily', 'braiins', 0],
    ['braiins_hashrate_daily', 'braiins', 1],
    ['viabtc_profit_history', 'viabtc', 0],
    ['foundry_earnings_v2', 'foundry', 0],
  ]
  before(function () {
    needData(this)
  })

  it('speaks in the recorded fields and types', async () => {
    const server = await startPoolServer(new Map([[day, credited]]))
    const bodies = JSON.parse(recorded('pool_api_shapes.json').toString()) as Record<
      string,
      { body: unknown }
    >
    const kinds = (value: unknown): unknown =>
      Array.isArray(value)
        ? kinds(value[0])
        : typeof value === 'object' && value !== null
          ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, kinds(inner)]))
          : typeof value
    try {
      for (const [shape, name, at] of shapes) {
        const adapter = poolAdapters[name] as PoolAdapter<object>
        const request = adapter.requests(poolAccounts[name], question)[at]
        assert.ok(request)
        const { method, headers, path, body = null } = request
        const answer: unknown = await (await fetch(`${server.url}${path}`, { method, headers, body })).json()
        assert.deepEqual(fieldNames(answer).sort(), fieldNames(bodies[shape]?.body).sort(), shape)
        assert.deepEqual(kinds(answer), kinds(bodies[shape]?.body), shape)
      }
    } finally {
      await server.close()
    }
  })
})
