import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DayTotals } from '../../../../oracle/dayTotals.ts'
import { rewardIndex } from '../../../../oracle/rewardIndex.ts'
import { type Reporter, readReporters } from '../../../../services/relayer/pools/reporters.ts'
import { openPoolStore, type PoolStore } from '../../../../services/relayer/pools/store.ts'
import { openWatch } from '../../../../services/relayer/pools/watch.ts'
import { createLog } from '../../../../services/runtime/log.ts'
import { type Behaviour, type PoolServer, startPoolServer } from '../../../support/poolServer.ts'
import { poolsFile } from '../poolsFile.ts'

// Pools as they may behave, behind real HTTP; the node takes the row or none, and asks no oftener than it should.

const day = 19_844
const totals: DayTotals = {
  ...{ day, blocks: 144, firstHeight: 1, lastHeight: 144, lastHash: `0x${'0'.repeat(64)}` },
  ...{ work: 5n * 10n ** 25n, subsidy: 45_000_000_000n, fees: 5_000_000_000n, cappedFees: 5_000_000_000n },
  ...{ medianFee: 30_000_000n, feeCap: 90_000_000n },
}
const hashrate = 10n ** 18n
const unitWork = 86_400n * 10n ** 15n
const { subsidy, fees } = rewardIndex(totals, unitWork)
/** What the index makes of that hashrate. */
const satoshi = ((subsidy + fees) * (hashrate / 10n ** 15n)) / 10n ** 18n

describe('watching pools', () => {
  let folder = ''
  let store: PoolStore
  let server: PoolServer
  let reporters: Reporter[]
  let now = 0
  let failures: string[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hashsand-watch-'))
    store = await openPoolStore(join(folder, 'pools'))
    server = await startPoolServer(new Map([[day, { hashrate, satoshi }]]))
    reporters = await readReporters(await poolsFile(folder, server.url))
    ;[now, failures] = [0, []]
  })
  afterEach(async () => {
    await server.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  const open = (chainDay = day + 1) =>
    openWatch({
      ...{ reporters, store, totals: async () => totals, patienceMs: 10_000, retryMs: 2_000 },
      chainTime: () => chainDay * 86_400 + 3_600,
      now: () => now,
      metrics: { poolFailed: (pool, error) => failures.push(`${pool} ${error}`) },
      log: createLog('test', 'silent'),
      signal: new AbortController().signal,
    })
  const pools = async () => (await store.rows(day)).map(({ pool }) => pool).sort()
  /** Looks again until nothing new is asked. */
  async function settled(watch: ReturnType<typeof open>): Promise<void> {
    for (let asked = -1; asked !== server.asked.length; ) {
      asked = server.asked.length
      watch.watch([day])
      await sleep(150)
    }
  }

  it('takes each pool’s row once, and asks no more', async () => {
    const watch = open()
    assert.ok(watch.waitsFor(day))
    await settled(watch)
    assert.deepEqual(await pools(), ['braiins', 'foundry', 'luxor'])
    assert.equal(watch.waitsFor(day), false)
    const asked = server.asked.length
    now = 10 ** 9
    await settled(watch)
    await settled(open())
    assert.equal(server.asked.length, asked)
  })

  const faults: Partial<Record<Behaviour, { error: RegExp; again: boolean }>> = {
    thousandfold: { error: /CreditedAboveIndexError/, again: false },
    notJson: { error: /PoolAnswerError/, again: false },
    endless: { error: /PoolAnswerError/, again: false },
    failing: { error: /PoolStatusError/, again: true },
    redirecting: { error: /PoolUnreachableError/, again: true },
    rateLimited: { error: /PoolRateLimitError/, again: true },
  }
  for (const [behaviour, { error, again }] of Object.entries(faults)) {
    it(`F16: withholds the row of a pool that is ${behaviour}${again ? ', and asks again in its time' : ''}`, async () => {
      const watch = open()
      // Safe: the keys are behaviours.
      server.behave(behaviour as Behaviour)
      await settled(watch)
      assert.deepEqual(await pools(), [])
      assert.equal(failures.length, 3)
      for (const failure of failures) assert.match(failure, error)
      assert.equal(watch.waitsFor(day), again)
      server.behave('honest')
      await settled(watch)
      assert.deepEqual(await pools(), [], 'asked again too early')
      now += behaviour === 'rateLimited' ? 7_001 : 2_001
      await settled(watch)
      assert.deepEqual(await pools(), again ? ['braiins', 'foundry', 'luxor'] : [])
    })
  }

  it('F16: withholds the row of a pool that still shows the days before', async () => {
    await server.close()
    server = await startPoolServer(new Map([[day - 1, { hashrate, satoshi }]]))
    reporters = await readReporters(await poolsFile(folder, server.url))
    const watch = open()
    await settled(watch)
    assert.deepEqual(await pools(), [])
    server.credit(day, { hashrate, satoshi })
    now += 2_001
    await settled(watch)
    assert.deepEqual(await pools(), ['braiins', 'foundry', 'luxor'])
  })

  it('F16: waits for a silent pool no longer than its patience', async () => {
    server.behave('silent')
    const watch = open()
    watch.watch([day])
    now = 9_999
    assert.ok(watch.waitsFor(day))
    now = 10_000
    assert.equal(watch.waitsFor(day), false)
  })

  it('F13: asks for no day that is not over by the chain’s clock, whatever the machine’s says', async () => {
    const watch = open(day)
    await settled(watch)
    assert.deepEqual([await pools(), server.asked], [[], []])
    assert.ok(failures.every((failure) => /PoolDayOpenError/.test(failure)))
  })
})
