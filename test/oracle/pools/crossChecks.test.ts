import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  agree,
  checkCredited,
  checkPoolTotal,
  creditLimitDown,
  medianOfPools,
  rowsAgree,
} from '../../../oracle/pools/crossChecks.ts'
import {
  CreditedAboveIndexError,
  NoPoolRowsError,
  PoolRowIncompleteError,
  PoolTotalAboveBlocksError,
} from '../../../oracle/pools/errors.ts'
import { poolRow } from '../../../oracle/pools/poolRow.ts'

const published = { pool: 'luxor', day: 19_000, scheme: 'FPPS', settled: true } as const
const row = (hashrate: bigint | undefined, reward: bigint | undefined) =>
  poolRow({ ...published, hashrate, reward })
const accepts = (check: () => void): boolean => {
  try {
    check()
    return true
  } catch (error) {
    assert.ok(error instanceof CreditedAboveIndexError || error instanceof PoolTotalAboveBlocksError)
    return false
  }
}

const hashrate = fc.bigInt(10n ** 12n, 10n ** 21n)
/** Satoshi * 1e18 per PH/s and day; 60,000 satoshi is that of 2024. */
const index = fc.bigInt(10n ** 21n, 10n ** 26n)

describe('crossChecks', () => {
  it('allows the index and two percent, not a satoshi more', () => {
    // 2 PH/s at 50,000 satoshi a PH/s earn 100,000; two percent more are 102,000.
    const example = [2n * 10n ** 15n, 50_000n * 10n ** 18n] as const
    assert.equal(creditLimitDown(...example), 102_000n)
    checkCredited(row(example[0], 102_000n), example[1])
    assert.throws(() => checkCredited(row(example[0], 102_001n), example[1]), CreditedAboveIndexError)

    fc.assert(
      fc.property(hashrate, index, fc.bigInt(0n, 10n ** 15n), (given, value, reward) => {
        // reward / (hashrate in PH/s) <= 1.02 * index, multiplied out.
        const within = reward * 10n ** 35n <= given * value * 102n
        assert.equal(
          accepts(() => checkCredited(row(given, reward), value)),
          within,
        )
      }),
    )
  })

  it('refuses a wrong unit in either direction that pays, whatever the index', () => {
    fc.assert(
      fc.property(hashrate, index, fc.bigInt(90n, 101n), (given, value, percent) => {
        const reward = (given * value * percent) / 10n ** 35n
        fc.pre(reward > 100n)
        assert.ok(accepts(() => checkCredited(row(given, reward), value)))
        assert.ok(!accepts(() => checkCredited(row(given / 1_000n, reward), value)))
        assert.ok(!accepts(() => checkCredited(row(given, reward * 1_000n), value)))
      }),
    )
  })

  it('checks no row that lacks a side', () => {
    assert.throws(() => checkCredited(row(undefined, 1n), 1n), PoolRowIncompleteError)
    assert.throws(() => checkCredited(row(1n, undefined), 1n), PoolRowIncompleteError)
  })

  it('allows a pool what four sigma of luck explain', () => {
    const blockReward = 320_000_000n
    const week = (credited: bigint, blocks: number) => ({ pool: 'ocean', credited, blocks, blockReward })
    // 100 blocks expected, sigma 10: 60 found are four sigma too few, 59 are more.
    assert.ok(accepts(() => checkPoolTotal(week(100n * blockReward, 60))))
    assert.ok(!accepts(() => checkPoolTotal(week(100n * blockReward, 59))))
    // 16 expected and none found is four sigma as well.
    assert.ok(accepts(() => checkPoolTotal(week(16n * blockReward, 0))))
    assert.ok(!accepts(() => checkPoolTotal(week(16n * blockReward + 1n, 0))))
    assert.ok(accepts(() => checkPoolTotal(week(0n, 0))))

    const blocks = fc.integer({ min: 0, max: 2_000 })
    fc.assert(
      fc.property(blocks, fc.bigInt(1n, 10n ** 10n), fc.bigInt(0n, 3_000n), (found, reward, expected) => {
        const sigma = Math.sqrt(Number(expected))
        fc.pre(Math.abs(Number(expected) - found - 4 * sigma) > 1e-6)
        const week = { pool: 'ocean', credited: expected * reward, blocks: found, blockReward: reward }
        assert.equal(
          accepts(() => checkPoolTotal(week)),
          Number(expected) <= found + 4 * sigma,
        )
      }),
    )
  })

  it('lets two reporters differ by half a percent, and no value stand for none', () => {
    assert.ok(agree(200n, 201n))
    assert.ok(!agree(199n, 200n))
    assert.ok(agree(0n, 0n) && agree(undefined, undefined))
    assert.ok(!agree(0n, 1n) && !agree(0n, undefined) && !agree(undefined, 1n))
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 24n), fc.bigInt(0n, 10n ** 24n), (one, other) => {
        assert.equal(agree(one, other), agree(other, one))
        assert.equal(agree(one, one + other), other * 1_000n <= one * 5n)
      }),
    )
    const given = row(10n ** 15n, 50_000n)
    assert.ok(rowsAgree(given, row(10n ** 15n, 50_250n)))
    for (const other of [
      row(10n ** 15n, 50_251n),
      row(10n ** 15n + 10n ** 13n, 50_000n),
      row(10n ** 15n, undefined),
    ]) {
      assert.ok(!rowsAgree(given, other))
    }
    for (const change of [{ pool: 'ocean' }, { day: 1 }, { scheme: 'PPS' }] as const) {
      assert.ok(!rowsAgree(given, { ...given, ...change }))
    }
  })

  it('takes the lower median of the pools that have a value', () => {
    const values = fc.array(fc.option(fc.bigInt(1n, 10n ** 6n), { nil: undefined }), { maxLength: 8 })
    fc.assert(
      fc.property(values, (rewards) => {
        const rows = rewards.map((reward) => row(10n ** 15n, reward))
        const present = rewards.flatMap((reward) => reward ?? [])
        if (present.length === 0) return assert.throws(() => medianOfPools(rows), NoPoolRowsError)
        const median = medianOfPools(rows)
        const count = (keep: (value: bigint) => boolean) =>
          present.filter((value) => keep(value * 10n ** 18n)).length
        assert.ok(present.includes(median / 10n ** 18n))
        assert.ok(count((value) => value < median) <= (present.length - 1) >> 1)
        assert.ok(count((value) => value <= median) > (present.length - 1) >> 1)
      }),
    )
  })

  it('has no reward per unit where no hashrate earned', () => {
    assert.equal(row(0n, 1n).rewardPerUnit, undefined)
    assert.equal(row(3n * 10n ** 15n, 1n).rewardPerUnit, 333_333_333_333_333_333n)
    assert.equal(row(3n * 10n ** 15n, 0n).rewardPerUnit, 0n)
  })
})
