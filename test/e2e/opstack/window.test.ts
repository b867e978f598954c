import assert from 'node:assert/strict'
import { parseEther } from 'viem'
import { receiptOf } from '../../../bridge/observe.ts'
import { eventually, type RunningNetwork } from '../../support/network.ts'
import { freshSync } from './freshSync.ts'
import { type Load, startLoad } from './load.ts'
import { endStory, signalTo, startStory, syncStatus } from './stage.ts'

// No batch gets to L1 for longer than the sequencing window.

describe('a chain whose batches came too late, on engine op-stack', function () {
  this.timeout(480_000)
  let network: RunningNetwork
  let load: Load | undefined

  before(async function () {
    network = await startStory(this)
  })
  after(async () => {
    await load?.stop().catch(() => {})
    await endStory(network)
  })

  const status = () => syncStatus(network)
  const told = (what: string) => network.command.lines.some(({ event }) => event === what)

  /** Holds op-batcher up, which the supervisor starts anew as often as it stalls. */
  async function withoutBatches(isOver: () => Promise<boolean>): Promise<void> {
    const hold = async () => {
      signalTo(network.box, 'op-batcher', 'SIGSTOP')
      return isOver()
    }
    await eventually(hold, 'the end of a time without batches', 180)
  }

  it('is in step with L1 again once batches come, and makes transactions safe', async () => {
    const user = await network.newUser({ ether: parseEther('1') })
    load = startLoad(network, await network.newUser({ ether: parseEther('1') }))
    const begun = await network.l1.getBlockNumber()
    let safe = (await status()).safe_l2.number
    await withoutBatches(async () => {
      if (told('window-missed')) return true
      safe = (await status()).safe_l2.number
      return false
    })
    // L1 alone has made blocks, in place of those that were there; now op-node makes the same as L1 will, as far as it knows L1.
    await withoutBatches(async () => (await status()).safe_l2.number > safe + 2)
    const until = (await network.l1.getBlockNumber()) + 12n
    await withoutBatches(async () => (await network.l1.getBlockNumber()) >= until)
    assert.ok(!told('window-regained'))
    signalTo(network.box, 'op-batcher', 'SIGCONT')
    const missed = (await network.l1.getBlockNumber()) - begun
    const began = Date.now()
    await eventually(async () => told('window-regained'), 'batches in time', 180)
    const seconds = (Date.now() - began) / 1_000
    process.stdout.write(`      ${missed} L1 blocks without batches; in time after ${seconds.toFixed(0)} s\n`)

    const receipt = await network.send(user, 'l2', { to: user.address, data: '0x', value: 1n })
    const isSafe = async () => (await status()).safe_l2.number >= receipt.blockNumber
    await eventually(isSafe, `L2 block ${receipt.blockNumber} on L1`, 60)
    assert.equal((await receiptOf(network.l2, receipt.transactionHash))?.blockHash, receipt.blockHash)
    await load.stop()
    await freshSync(network)
  })
})
