import assert from 'node:assert/strict'
import { mainnet, regtest } from '../../../oracle/bitcoinChain.ts'
import { buried, completeDays } from '../../../oracle/dayTotals.ts'
import { toDisplay } from '../../../oracle/hash256.ts'
import { parseHeader } from '../../../oracle/header.ts'
import { rootOfBranch } from '../../../oracle/merkle.ts'
import { randomStream } from '../../../oracle/simulator/randomStream.ts'
import {
  ChainReorganisedError,
  SourceRefusedError,
  SourceUnreachableError,
  WrongChainError,
} from '../../../oracle/sources/errors.ts'
import { createNodeSource } from '../../../oracle/sources/node.ts'
import { parseTransaction, txidOf } from '../../../oracle/transaction.ts'
import { type Btcd, startBtcd } from '../../support/btcd/btcd.ts'
import { buildBtcdOrSkip } from '../../support/btcd/build.ts'
import { asCounted, countedByPython } from '../../support/btcd/count.ts'
import { blocksPerDay, firstDay, mineDay } from '../../support/btcd/mineDay.ts'
import { createMiner, submit } from '../../support/btcd/miner.ts'
import { BUILD_TIMEOUT_MS } from '../../support/goProgram.ts'
import { collect } from './reading.ts'

// One story, in order: a chain is mined, counted, reorganised, and read through kills and restarts.
describe('node source on btcd', function () {
  this.timeout(BUILD_TIMEOUT_MS)
  let btcd: Btcd
  const miner = createMiner('story')
  const random = randomStream('btcd')

  before(async function () {
    btcd = await startBtcd(await buildBtcdOrSkip(this))
  })
  after(() => btcd?.stop())

  const sourceOf = (more: Partial<Parameters<typeof createNodeSource>[0]> = {}) =>
    createNodeSource({
      ...{ url: btcd.url, credentials: btcd.credentials, chain: regtest },
      ...{ timeoutMs: 10_000, attempts: 1, ...more },
    })
  const ourDays = (source = sourceOf()) =>
    collect(completeDays(buried(source.blocks(), source.confirmations), { firstDay }))

  it('closes days with fees, a halving and an empty day as an independent script counts them', async function () {
    // The fifth day stays empty.
    for (const day of [0, 1, 2, 3, 5, 6, 7]) await mineDay(btcd, miner, firstDay + day, random)
    assert.equal(await btcd.rpc('getblockcount'), 7 * blocksPerDay)

    const days = await ourDays()
    assert.deepEqual(
      days.map(({ day }) => day - firstDay),
      [0, 1, 2, 3, 4, 5, 6],
    )
    assert.equal(days[4]?.blocks, 0)
    const [, , , third, , fifth] = days
    assert.ok(third && third.fees > 1_000_000_000n && third.cappedFees < third.fees / 2n)
    assert.ok(fifth && fifth.subsidy % 2_500_000_000n !== 0n, 'a coinbase left something')
    assert.deepEqual(asCounted(days), await countedByPython(btcd, firstDay, this))
  })

  it('gives blocks that prove themselves by bytes of the node', async () => {
    const blocks = await collect(sourceOf().blocks())
    assert.equal(blocks.length, 7 * blocksPerDay + 1)
    for (const { height, hash, header, coinbase, branch } of blocks) {
      assert.equal(miner.blocks[height]?.hash, hash)
      const txid = txidOf(parseTransaction(coinbase))
      assert.equal(toDisplay(rootOfBranch(txid, branch, 0)), parseHeader(header).merkleRoot)
    }
    assert.ok(blocks.some(({ branch }) => branch.length === 2))
  })

  it('agrees with the median time that the node computes', async () => {
    for (const block of (await collect(sourceOf().blocks())).slice(-25)) {
      const info = await btcd.rpc('getblockheader', block.hash.slice(2), true)
      assert.equal(block.height, (info as { height: number }).height)
    }
    const state = (await btcd.rpc('getblockchaininfo')) as { mediantime: number }
    const { height } = (await sourceOf().tip()) ?? assert.fail()
    assert.equal((await sourceOf().proofOf(height)).medianTime, state.mediantime)
  })

  it('follows a heavier branch that takes back a closed day, in the midst of reading too', async function () {
    const source = sourceOf()
    const before = await ourDays(source)
    const reader = source.blocks(miner.blocks.length - 60)[Symbol.asyncIterator]()
    await reader.next()

    const branch = miner.fork(miner.blocks.length - 1 - 2 * blocksPerDay)
    await mineDay(btcd, branch, firstDay + 6, random)
    await mineDay(btcd, branch, firstDay + 7, random)
    // As heavy as the first one: the node stays where it was.
    assert.deepEqual(await ourDays(source), before)
    await mineDay(btcd, branch, firstDay + 8, random)
    assert.equal(await btcd.rpc('getbestblockhash'), branch.blocks.at(-1)?.hash.slice(2))

    await assert.rejects(async () => {
      for (let step = 0; step < 60; step++) await reader.next()
    }, ChainReorganisedError)
    const after = await ourDays(source)
    // By median time the first blocks of the branch still belong to the day before.
    for (const day of [5, 6]) assert.notEqual(after[day]?.lastHash, before[day]?.lastHash)
    assert.deepEqual(after.slice(0, 5), before.slice(0, 5))
    assert.equal(after.length, before.length + 1)
    assert.deepEqual(asCounted(after), await countedByPython(btcd, firstDay, this))
    miner.blocks.splice(0, miner.blocks.length, ...branch.blocks)
  })

  it('reads on where it was after the node was killed and started again', async () => {
    const source = sourceOf()
    const heights: number[] = []
    for await (const { height } of source.blocks()) {
      heights.push(height)
      if (height === 100) break
    }
    const reader = source.blocks(100)[Symbol.asyncIterator]()
    heights.push((await reader.next()).value?.height ?? -1)
    await btcd.kill()
    await assert.rejects(reader.next(), (error) => error instanceof SourceUnreachableError && error.retry)
    await assert.rejects(source.tip(), SourceUnreachableError)

    await btcd.start()
    // What the node had not yet written is mined again, as its peers would send it.
    const kept = Number(await btcd.rpc('getblockcount'))
    for (const block of miner.blocks.slice(kept + 1)) await submit(btcd, block)
    for await (const { height } of source.blocks(101)) heights.push(height)
    assert.deepEqual(
      heights,
      miner.blocks.map((_, height) => height),
    )
  })

  it('is refused with another password, and refuses another chain', async () => {
    const credentials = { user: 'reader', password: 'wrong' }
    await assert.rejects(sourceOf({ credentials }).tip(), SourceRefusedError)
    await assert.rejects(sourceOf({ chain: mainnet }).tip(), WrongChainError)
  })
})
