import assert from 'node:assert/strict'
import { regtest } from '../../../../oracle/bitcoinChain.ts'
import type { DayTotals } from '../../../../oracle/dayTotals.ts'
import { coinbaseProofs } from '../../../../oracle/proofs/coinbaseProofs.ts'
import { genesisBefore } from '../../../../oracle/proofs/genesis.ts'
import { headerBatches } from '../../../../oracle/proofs/headerBatches.ts'
import { randomStream } from '../../../../oracle/simulator/randomStream.ts'
import { createNodeSource } from '../../../../oracle/sources/node.ts'
import { targetToBits } from '../../../../oracle/target.ts'
import { proveDay, proveHeaders } from '../../../../services/relayer/prover/prover.ts'
import { type Btcd, startBtcd } from '../../../support/btcd/btcd.ts'
import { buildBtcdOrSkip } from '../../../support/btcd/build.ts'
import { countedByPython, unitWork } from '../../../support/btcd/count.ts'
import { firstDay, mineDay } from '../../../support/btcd/mineDay.ts'
import { createMiner } from '../../../support/btcd/miner.ts'
import { BUILD_TIMEOUT_MS } from '../../../support/goProgram.ts'
import { daysOf, type ProvingChain, startProvingChain, statement } from './provingChain.ts'

const emptyDay = firstDay + 3

// One story, in order: a chain is mined by a real node, proven as far as it goes, reorganised in the midst of it, and proven on.
describe('prover on btcd', function () {
  this.timeout(BUILD_TIMEOUT_MS)
  let btcd: Btcd
  let chain: ProvingChain
  const miner = createMiner('proven')
  const random = randomStream('proven')
  const source = () =>
    createNodeSource({
      ...{ url: btcd.url, credentials: btcd.credentials, chain: regtest },
      ...{ timeoutMs: 10_000, attempts: 1 },
    })

  before(async function () {
    btcd = await startBtcd(await buildBtcdOrSkip(this))
    const { easiestTarget, retargets, halvingInterval } = regtest
    const rules = { powLimitBits: targetToBits(easiestTarget), noRetarget: !retargets, halvingInterval }
    await mineDay(btcd, miner, firstDay, random)
    const genesis = await genesisBefore(source().blocks(), firstDay)
    chain = await startProvingChain({
      ...{ firstDay, unitWork, bitcoin: { ...rules, maxSecondsAhead: 7_200, genesis } },
    })
  })
  after(async () => {
    await chain?.stop()
    await btcd?.stop()
  })

  /** Rounds until all is proven that the node shows whole. */
  async function proveAll(days: ReadonlyMap<number, DayTotals>) {
    const parameters = chain.proverOf(source(), days)
    const last = Math.max(...days.keys())
    do await proveHeaders(parameters)
    while ((await proveDay(parameters)).nextDay <= last)
  }

  it('closes days with fees, a fortune, an unclaimed rest and no block at all', async () => {
    for (const day of [1, 2, 4, 5]) await mineDay(btcd, miner, firstDay + day, random)
    const days = await daysOf(source(), firstDay)
    await proveAll(days)
    assert.equal(await chain.lastFinalDay(), firstDay + 4)
    assert.equal(days.get(emptyDay)?.blocks, 0)
    for (const [day, totals] of days) assert.equal(await chain.statementOf(day), statement(totals), `${day}`)
  })

  it('follows a heavier branch away from a day that is partly proven', async () => {
    await mineDay(btcd, miner, firstDay + 6, random)
    const before = await daysOf(source(), firstDay)
    const left = before.get(firstDay + 5)
    assert.ok(left)
    // Headers of the day and some of its coinbases: then the miners change their minds.
    await proveHeaders(chain.proverOf(source(), before))
    assert.equal(await chain.best(), miner.blocks[left.lastHeight + 6]?.hash)
    const previousMedianFee = before.get(firstDay + 4)?.medianFee ?? 0n
    // Its first six blocks came in a batch of their own, when they buried the day before.
    const rest = []
    for await (const block of source().blocks(left.firstHeight + 5)) {
      if (block.height <= left.lastHeight) rest.push(block)
    }
    const [batch] = headerBatches(rest)
    const [proof] =
      batch === undefined ? [] : coinbaseProofs(batch, { medianFee: left.medianFee, previousMedianFee })
    assert.ok(proof)
    await chain.sendCoinbases(proof)

    // What buries the day before stays: it is closed for good.
    const branch = miner.fork(left.firstHeight + 5)
    for (const day of [5, 6, 7]) await mineDay(btcd, branch, firstDay + day, random)
    const after = await daysOf(source(), firstDay)
    assert.notEqual(after.get(firstDay + 5)?.lastHash, left.lastHash)
    await proveAll(after)
    assert.equal(await chain.best(), branch.blocks[(after.get(firstDay + 6)?.lastHeight ?? 0) + 6]?.hash)
    assert.equal(await chain.lastFinalDay(), firstDay + 6)
  })

  it('ends in the index that an independent script counts from raw blocks', async function () {
    const counted = await countedByPython(btcd, firstDay, this)
    assert.deepEqual(
      counted.map(({ day }) => day - firstDay),
      [0, 1, 2, 3, 4, 5, 6],
    )
    for (const { day, index } of counted) {
      const { subsidyIndex, feesIndex, cappedFeesIndex } = await chain.valuesOf(day)
      const found = { subsidy: subsidyIndex, fees: feesIndex, cappedFees: cappedFeesIndex }
      assert.deepEqual(
        Object.fromEntries(Object.entries(found).map(([name, value]) => [name, String(value)])),
        index,
        `day ${day}`,
      )
    }
  })
})
