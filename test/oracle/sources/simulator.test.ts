import assert from 'node:assert/strict'
import { dayOf } from '../../../oracle/block.ts'
import { readCoinbase } from '../../../oracle/coinbase.ts'
import { buried, completeDays, type DayTotals } from '../../../oracle/dayTotals.ts'
import { toDisplay } from '../../../oracle/hash256.ts'
import { hasWork, headerHash, parseHeader } from '../../../oracle/header.ts'
import { medianTimePast } from '../../../oracle/medianTime.ts'
import { merkleBranch, merkleRoot, rootOfBranch } from '../../../oracle/merkle.ts'
import type { ChainState, SimulatedBlock } from '../../../oracle/simulator/mine.ts'
import { easiestTarget, firstDay, firstHeight, subsidyAt } from '../../../oracle/simulator/rules.ts'
import { createSimulatorSource, type SimulatorCheckpoints } from '../../../oracle/sources/simulator.ts'
import { bitsToTarget, nextBits } from '../../../oracle/target.ts'
import { parseTransaction } from '../../../oracle/transaction.ts'

async function take<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) {
    list.push(item)
    if (list.length === count) break
  }
  return list
}

const seed = 'test'

describe('simulator source', () => {
  let chain: SimulatedBlock[] = []
  before(async () => {
    // Past the second retarget.
    chain = await take(createSimulatorSource({ seed }).blocks(), 4_100)
  })

  it('is one chain of real headers with real work, times that consensus accepts and its own retargets', () => {
    const times: number[] = []
    let backwards = 0
    let epochStart = 0
    for (const [index, block] of chain.entries()) {
      const header = parseHeader(block.header)
      const previous = chain[index - 1]
      assert.equal(block.height, firstHeight + index)
      assert.equal(headerHash(block.header), block.hash)
      assert.ok(hasWork(block.header))
      assert.equal(bitsToTarget(header.bits), block.target)
      assert.equal(header.time, block.time)
      if (previous !== undefined) {
        assert.equal(header.previousHash, previous.hash)
        assert.ok(block.time > medianTimePast(times))
        if (block.time < previous.time) backwards += 1
        const bits = parseHeader(previous.header).bits
        const retargeted = { bits, firstTime: epochStart, lastTime: previous.time, limit: easiestTarget }
        assert.equal(header.bits, block.height % 2_016 === 0 ? nextBits(retargeted) : bits)
      }
      times.push(block.time)
      assert.equal(block.medianTime, medianTimePast(times))
      if (block.height % 2_016 === 0) epochStart = block.time
    }
    assert.ok(backwards > 100 && backwards < 800, `${backwards} blocks went back in time`)
    assert.ok(new Set(chain.map(({ target }) => target)).size >= 3)
  })

  it('has coinbases that name their height, pay subsidy and fees and stand under the Merkle root', () => {
    const depths = new Set<number>()
    for (const block of chain) {
      const coinbase = readCoinbase(parseTransaction(block.transactions[0] ?? new Uint8Array()))
      assert.equal(coinbase.height, block.height)
      assert.equal(block.subsidy, subsidyAt(block.height))
      assert.equal(coinbase.paid, block.subsidy + block.fees)

      const { merkleRoot: root } = parseHeader(block.header)
      const branch = merkleBranch(block.txids, 0)
      assert.equal(toDisplay(merkleRoot(block.txids)), root)
      assert.equal(toDisplay(rootOfBranch(block.txids[0] ?? new Uint8Array(), branch, 0)), root)
      depths.add(branch.length)
    }
    assert.ok(depths.has(0) && depths.has(5) && depths.has(8), `depths ${[...depths]}`)
  })

  it('is the same chain again from the same seed, and another from another', async () => {
    const again = await take(createSimulatorSource({ seed }).blocks(), 300)
    const other = await take(createSimulatorSource({ seed: 'other' }).blocks(), 300)
    assert.deepEqual(
      again.map(({ hash }) => hash),
      chain.slice(0, 300).map(({ hash }) => hash),
    )
    const hashes = new Set(chain.map(({ hash }) => hash))
    assert.ok(other.every(({ hash }) => !hashes.has(hash)))
  })

  it('is the same on every machine and in every version, by its thousandth block', () => {
    assert.equal(chain[999]?.hash, '0x0042a567e1d76cb283c11f251e76d370303cb50adaa8664224096e6427420709')
  })

  it('goes on from any height with the same blocks, mining only the segment that holds it', async () => {
    const saved: ChainState[] = []
    const checkpoints: SimulatorCheckpoints = {
      before: async (height) => saved.findLast((state) => state.height <= height),
      save: async (state) => void saved.push(state),
    }
    await take(createSimulatorSource({ seed, checkpoints }).blocks(), 1_000)
    const known = saved.length
    // JSON, as a store keeps it.
    saved.splice(0, known, ...(JSON.parse(JSON.stringify(saved)) as ChainState[]))

    const resumed = createSimulatorSource({ seed, checkpoints })
    const blocks = await take(resumed.blocks(firstHeight + 900), 20)
    assert.deepEqual(
      blocks.map(({ hash }) => hash),
      chain.slice(901, 921).map(({ hash }) => hash),
    )
    assert.equal(saved.length, known + 1)
  })

  it('closes days of about 144 blocks, the first one whole, in well under a second and a half each', async () => {
    const source = createSimulatorSource({ seed })
    const started = performance.now()
    const days: DayTotals[] = await take(
      completeDays(buried(source.blocks(), source.confirmations), { firstDay }),
      7,
    )
    const perDay = (performance.now() - started) / 7
    assert.deepEqual(
      days.map(({ day }) => day),
      Array.from({ length: 7 }, (_, index) => firstDay + index),
    )
    const counted = chain.filter(({ medianTime }) => dayOf(medianTime) === firstDay).length
    assert.equal(days[0]?.blocks, counted)
    const blocks = days.reduce((sum, totals) => sum + totals.blocks, 0) / 7
    assert.ok(blocks > 120 && blocks < 170, `${blocks} blocks a day`)
    assert.ok(perDay < 1_500, `${perDay} ms a day`)
  })
})
