import assert from 'node:assert/strict'
import { buried, completeDays } from '../../oracle/dayTotals.ts'
import { replayFiles, replayNetwork, simulatorNetwork } from '../../oracle/developmentNetworks.ts'
import { rewardIndex } from '../../oracle/rewardIndex.ts'
import type { BlockSource } from '../../oracle/sources/blockSource.ts'
import { createReplaySource } from '../../oracle/sources/replay.ts'
import { createSimulatorSource } from '../../oracle/sources/simulator.ts'
import { dataFolder, needData } from './recorded.ts'

/** The index of the first day as the source really has it. */
async function firstIndex(source: BlockSource, { firstDay, unitWork }: ReturnType<typeof replayNetwork>) {
  for await (const totals of completeDays(buried(source.blocks(), source.confirmations), { firstDay })) {
    assert.equal(totals.day, firstDay)
    return rewardIndex(totals, unitWork)
  }
  return assert.fail('no complete day')
}

describe('developmentNetworks', () => {
  it('starts the replay on a day whose subsidy index is the one that the caps are made from', async function () {
    needData(this)
    const network = replayNetwork()
    const index = await firstIndex(createReplaySource(replayFiles(dataFolder)), network)
    assert.equal(index.subsidy, network.subsidyIndex)
  })

  it('starts the simulator on its first whole day, likewise', async () => {
    const network = simulatorNetwork()
    const index = await firstIndex(createSimulatorSource({ seed: 'any' }), network)
    assert.equal(index.subsidy, network.subsidyIndex)
  })

  for (const network of [replayNetwork(), simulatorNetwork()]) {
    it(`keeps ${network.name} inside what the ledger can hold for 1,000 days`, () => {
      for (const { caps } of network.indices) {
        const [subsidy, fees] = caps
        const top = (subsidy + fees) * 1_000n
        assert.ok(top < 2n ** 64n - 1n, `${top} ticks`)
        assert.ok(top * network.tick < 2n ** 128n)
        assert.ok(network.tick < 2n ** 64n)
        assert.ok(Buffer.byteLength(network.name) <= 32 && Buffer.byteLength(network.unit) <= 32)
      }
      const [short, long] = network.indices
      const ticks = (value: bigint) => (value + network.tick - 1n) / network.tick
      assert.deepEqual(short?.caps, [ticks((network.subsidyIndex * 3n) / 2n), ticks(network.subsidyIndex)])
      assert.deepEqual(long?.caps, [ticks(network.subsidyIndex * 2n), ticks(network.subsidyIndex)])
    })
  }
})
