import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type Address, encodeFunctionData, erc20Abi } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { deployPayoutForwarderFactory } from '../../../chain/deploy/forwarder.ts'
import { payoutForwarderFactory } from '../../../chain/generated/abi.ts'
import { writeManifest } from '../../../chain/manifest.ts'
import { onL1, startTestNetwork, type TestNetwork, until } from '../sequencerNetwork.ts'

describe('sequencer sweeps payout forwarders', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let factory: Address
  const recipient = privateKeyToAccount(generatePrivateKey()).address

  before(async () => {
    network = await startTestNetwork({ HASHSAND_SWEEP_LEAST: 'WBTC=1000,ETH=1000000' })
    const { manifest, wbtc } = network
    const pairs = [{ l1Token: wbtc.l1, l2Token: wbtc.l2 }]
    const bridge = manifest.l1.contracts.L1StandardBridge
    factory = await deployPayoutForwarderFactory(network.l1Wallet('deployer'), { bridge, pairs })
    manifest.l1.payoutForwarderFactory = factory
    await writeManifest(join(network.dir, 'manifest.json'), manifest)
  })
  after(() => network.close())

  const contract = () => ({ address: factory, abi: payoutForwarderFactory.abi }) as const
  const forwarder = () =>
    network.l1.readContract({ ...contract(), functionName: 'forwarderOf', args: [recipient] })
  const pay = async (amount: bigint) => {
    const args = [await forwarder(), amount] as const
    const data = encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args })
    await onL1(network, 'user', { to: network.wbtc.l1, data, value: 0n })
  }
  const balance = async (client: 'l1' | 'l2', address: Address) =>
    network[client].readContract({
      address: network.wbtc[client],
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [address],
    })
  const arrived = (amount: bigint) =>
    until(async () => (await balance('l2', recipient)) === amount, `${amount} on L2`, 90)
  const afterBlocks = async (count: bigint) => {
    const from = await network.l1.getBlockNumber({ cacheTime: 0 })
    await until(async () => (await network.l1.getBlockNumber({ cacheTime: 0 })) >= from + count, 'blocks', 90)
  }

  it('brings each payout to L2 once it is worth it, once, through a kill, and makes no forwarder', async () => {
    await pay(5_000n)
    await afterBlocks(7n)
    assert.equal(await balance('l1', await forwarder()), 5_000n, 'nobody has made this forwarder yet')
    const data = encodeFunctionData({
      ...contract(),
      functionName: 'sweep',
      args: [recipient, network.wbtc.l1],
    })
    await onL1(network, 'pool', { to: factory, data, value: 0n, gas: 3_000_000n })
    await arrived(5_000n)

    await pay(999n)
    await afterBlocks(7n)
    assert.equal(await balance('l1', await forwarder()), 999n, 'not worth it yet')
    await pay(1n)
    await network.killSequencer()
    await network.startSequencer()
    await arrived(6_000n)
    await onL1(network, 'user', { to: await forwarder(), data: '0x', value: 1_000_000n })
    await until(async () => (await network.l2.getBalance({ address: recipient })) === 1_000_000n, 'ether', 90)

    const events = await network.l1.getContractEvents({ ...contract(), fromBlock: 0n })
    assert.deepEqual(
      events.map(({ eventName }) => eventName),
      ['ForwarderDeployed', 'Swept', 'Swept', 'EtherSwept'],
    )
  })
})
