import assert from 'node:assert/strict'
import { type Address, type Hash, parseEther } from 'viem'
import { depositsOf, receiptOf } from '../../../bridge/observe.ts'
import { readKeys } from '../../../services/runtime/keys.ts'
import { hashsand, sandbox } from '../../support/devnet.ts'
import { eventually, type RunningNetwork } from '../../support/network.ts'
import { creditOf, proposeWrongly, verdict } from './bonds.ts'
import { endStory, killEverything, startStory } from './stage.ts'
import { startL1Alone, startStranger } from './stranger.ts'
import { oracleOf } from './wrongRoot.ts'

// The end of a chain's operator: L1, which belongs to others, and the published folder are all that is left.

describe('a chain whose operator is gone', function () {
  this.timeout(480_000)
  let network: RunningNetwork
  const stops: (() => Promise<void>)[] = []

  before(async function () {
    network = await startStory(this)
    // Something that strangers have to find in batches.
    await network.newUser({ ether: parseEther('1'), wbtc: 1_000n })
  })
  after(async () => {
    for (const stop of stops.reverse()) await stop()
    await endStory(network)
  })

  it('lets users in and out, on the word of strangers', async () => {
    await killEverything(network)
    const l1 = await startL1Alone(network)
    stops.push(() => l1.stop())
    const stranger = await startStranger(network, await sandbox())
    stops.push(() => stranger.stop())
    const run = async (...args: string[]) => {
      const command = hashsand([...network.box.args, ...args])
      assert.equal(await command.ended, 0, `${args.join(' ')}: ${command.stderr()}`)
      return command.lines
    }
    const began = Date.now()
    const force = async (direction: string, amount: string) => {
      const lines = await run('bridge', direction, '--token', 'ETH', '--amount', amount, '--send')
      const [hash] = (lines.at(-1)?.transactions ?? []) as Hash[]
      assert.ok(hash)
      const receipt = await network.l1.getTransactionReceipt({ hash })
      const [deposit] = depositsOf(receipt, network.manifest.l1.contracts.OptimismPortal)
      assert.ok(deposit)
      return { hash, l2Hash: deposit.hash }
    }
    const into = await force('force-deposit', '3')
    const out = await force('force-withdraw', '2')
    const [arrived, left] = [
      await eventually(() => receiptOf(stranger.l2, into.l2Hash), 'the deposit on the replica', 120),
      await eventually(() => receiptOf(stranger.l2, out.l2Hash), 'the withdrawal on the replica', 120),
    ]
    assert.deepEqual([arrived.status, left.status], ['success', 'success'])

    const bonds = await proposeWrongly(network, stranger)
    const replica = ['--replica-l2', stranger.l2RpcUrl, '--replica-node', stranger.nodeRpcUrl]
    const covered = () => network.l1.readContract({ ...oracleOf(network), functionName: 'latestBlockNumber' })
    while ((await covered()) < left.blockNumber)
      await run('outputs', 'propose', ...replica, '--as', 'miner', '--wait', '--send')
    const ended = await run('bridge', 'complete', out.hash, '--l2', stranger.l2RpcUrl, '--as', 'lp', '--send')
    assert.equal(ended.at(-1)?.state, 'finalised')
    const seconds = (Date.now() - began) / 1_000
    process.stdout.write(`      in and out without the operator: ${seconds.toFixed(0)} s\n`)
    assert.ok(seconds <= 300, `${seconds} s`)

    await eventually(
      async () => (await verdict(network, bonds.wrong)) !== 0,
      'the verdict on the wrong bond',
      120,
    )
    const { challenger, miner } = await readKeys(`${network.box.state}/keys.json`)
    const credit = (owner: Address) => creditOf(network, owner)
    const before = [await credit(challenger.address), await credit(miner.address)]
    await run('outputs', 'settle', String(bonds.wrong), '--as', 'miner', '--send')
    await run('outputs', 'settle', String(bonds.wrong + 1n), '--as', 'miner', '--send')
    const after = [await credit(challenger.address), await credit(miner.address)]
    assert.deepEqual(
      after.map((wei, index) => wei - (before[index] ?? 0n)),
      [bonds.wei, bonds.wei],
      'the wrong one is lost to the challenger, the right one comes back',
    )
  })
})
