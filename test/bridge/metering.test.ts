import assert from 'node:assert/strict'
import { createTestClient, http, parseGwei } from 'viem'
import { forcedTransactionCall } from '../../bridge/forced.ts'
import { burnedGas, depositPrice, readMetering, steepestRisePermille } from '../../bridge/metering.ts'
import { type BridgedPair, startBridgedPair } from './bridgedPair.ts'

// Against the portal itself.
describe('metering', function () {
  this.timeout(120_000)
  let chains: BridgedPair

  before(async () => {
    chains = await startBridgedPair()
  })
  after(() => chains.stop())

  const l1BaseFee = parseGwei('60')

  /** Buys gas after some blocks without a deposit, and answers what was burned. */
  async function buy(gas: bigint, emptyBlocks: number): Promise<bigint> {
    const { manifest, account: to } = chains
    const clock = createTestClient({ mode: 'anvil', transport: http(manifest.l1.rpcUrl) })
    if (emptyBlocks > 0) await clock.mine({ blocks: emptyBlocks })
    await clock.setNextBlockBaseFeePerGas({ baseFeePerGas: l1BaseFee })
    const call = forcedTransactionCall({ manifest, call: { to, data: '0x', value: 0n }, gas })
    const receipt = await chains.send('l1', { ...call, gas: 16_000_000n })
    assert.equal(receipt.status, 'success')
    return receipt.gasUsed
  }

  it('foresees the price of a block from the one before, after full blocks and quiet ones', async () => {
    const { l1, manifest } = chains
    const plan = [
      [20_000_000n, 0],
      [20_000_000n, 0],
      [20_000_000n, 0],
      [20_000_000n, 0],
      [21_000n, 0],
      [12_345_678n, 1],
      [2_000_000n, 0],
      [21_000n, 3],
      [20_000_000n, 0],
      [20_000_000n, 0],
      [21_000n, 7],
      [21_000n, 200],
    ] as const
    const before = await readMetering(l1, { manifest })
    let highest = 0n
    for (const [gas, emptyBlocks] of plan) {
      const market = await readMetering(l1, { manifest })
      const used = await buy(gas, emptyBlocks)
      const { price, blockNumber, bought } = await readMetering(l1, { manifest })
      const foreseen = depositPrice(market, blockNumber)
      assert.ok(apart(foreseen, price) * 1_000_000n <= price, `${foreseen} foreseen, it was ${price}`)
      assert.equal(bought, gas)
      const rise = (market.price * steepestRisePermille(market.config)) / 1_000n
      assert.ok(price <= rise, `${price} is more than ${rise}`)
      // Beside the burn there is what any transaction pays.
      const burned = burnedGas({ gas, price, l1BaseFee })
      if (burned > 100_000n)
        assert.ok(used >= burned && used - burned < 60_000n, `${used} used, ${burned} burned`)
      if (price > highest) highest = price
    }
    assert.ok(highest > 5n * before.price, 'the price has risen')
    const { price, config } = await readMetering(l1, { manifest })
    assert.equal(price, BigInt(config.minimumBaseFee))
  })

  it('stays where it is within a block', async () => {
    const market = await readMetering(chains.l1, { manifest: chains.manifest })
    assert.equal(depositPrice(market, market.blockNumber), market.price)
  })
})

const apart = (one: bigint, other: bigint): bigint => (one > other ? one - other : other - one)
