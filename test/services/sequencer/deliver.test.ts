import assert from 'node:assert/strict'
import {
  type Address,
  createWalletClient,
  decodeFunctionData,
  encodeFunctionData,
  erc20Abi,
  type Hash,
  type Hex,
  http,
  isAddressEqual,
  multicall3Abi,
  parseEther,
  type TransactionReceipt,
} from 'viem'
import {
  type Call,
  depositErc20Call,
  depositEtherCall,
  finaliseCall,
  withdrawErc20Call,
} from '../../../bridge/actions.ts'
import { relayHash, relayOf } from '../../../bridge/message.ts'
import { depositsOf, readDepositState, withdrawalsOf } from '../../../bridge/observe.ts'
import type { Withdrawal } from '../../../bridge/withdrawal.ts'
import { l2Chain } from '../../../chain/chains.ts'
import { predeploys } from '../../../chain/generated/addresses.ts'
import {
  l1CrossDomainMessengerAbi,
  l2CrossDomainMessengerAbi,
  optimismPortalAbi,
} from '../../../chain/generated/opAbi.ts'
import type { Status } from '../../../services/sequencer/status.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from '../sequencerNetwork.ts'

type Told = {
  state: string
  sdkStatus: number
  history: { state: string; note?: string }[]
  hold?: { reason: string; tries: number; quarantined: boolean }
}

describe('sequencer delivers', function () {
  this.timeout(240_000)
  let network: TestNetwork

  before(async () => {
    network = await startTestNetwork()
  })
  after(() => network.close())

  const status = () => network.ask<Status>('/v1/status')
  const contracts = () => network.manifest.l1.contracts
  const told = (id: Hash) => network.ask<Told>(`/v1/messages/${id}`)
  const inState = (id: Hash, wanted: string) =>
    until(async () => (await told(id)).state === wanted, `${id} ${wanted}`, 40)
  const wbtcOnL1 = (address: Address) =>
    network.l1.readContract({
      address: network.wbtc.l1,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [address],
    })

  /** The transactions of the sequencer's key on L1 from a block on, oldest first. */
  async function sentSince(
    from: bigint,
  ): Promise<{ to: Address | null; input: Hex; receipt: TransactionReceipt }[]> {
    const head = await network.l1.getBlockNumber({ cacheTime: 0 })
    const sent = []
    for (let blockNumber = from; blockNumber <= head; blockNumber++) {
      const { transactions } = await network.l1.getBlock({ blockNumber, includeTransactions: true })
      for (const { from, to, input, hash } of transactions) {
        if (!isAddressEqual(from, network.keys.sequencer.address)) continue
        sent.push({ to, input, receipt: await network.l1.getTransactionReceipt({ hash }) })
      }
    }
    return sent
  }

  /** Many transactions of the user in one L2 block: they wait in its pool while the sequencer is down. */
  async function withdrawTogether(
    calls: readonly { to: Address; data: Hex; value: bigint }[],
  ): Promise<Withdrawal[]> {
    await network.killSequencer()
    const wallet = createWalletClient({
      account: network.keys.user,
      chain: l2Chain(network.manifest),
      transport: http(network.l2Node.transport.url),
    })
    const nonce = await network.l2Node.getTransactionCount({ address: network.keys.user.address })
    const hashes: Hash[] = []
    for (const [index, call] of calls.entries()) {
      hashes.push(await wallet.sendTransaction({ ...call, nonce: nonce + index, gas: 400_000n }))
    }
    await network.startSequencer()
    const receipts = await Promise.all(hashes.map((hash) => minedOn(network.l2, hash)))
    assert.equal(new Set(receipts.map(({ blockNumber }) => blockNumber)).size, 1, 'one block')
    return receipts.flatMap((receipt) => withdrawalsOf(receipt))
  }

  it('proves forty withdrawals in one transaction and finalises them in another, within the gas that is promised, whatever hostile ones are among them', async () => {
    const { manifest, wbtc, keys } = network
    const count = 40
    const deposit = depositErc20Call({ manifest, token: wbtc.l1, amount: 1_000n, to: keys.user.address })
    await onL1(network, 'user', deposit)
    const coins = {
      address: wbtc.l2,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [keys.user.address],
    } as const
    await until(async () => (await network.l2.readContract(coins)) >= 1_000n, 'coins on L2')
    // Code that behaves where it is estimated and burns all gas where it counts, and code that always reverts.
    const bomb = await deploy('L1', '32600114600b575b6007565b00')
    const wall = await deploy('L1', '5f5ffd')
    const from = await network.l1.getBlockNumber({ cacheTime: 0 })
    const target = keys.pool.address
    const before = await wbtcOnL1(target)
    const call = withdrawErc20Call({ manifest, token: wbtc.l2, amount: 2n, to: target })
    const honest = Array.from({ length: count }, () => call)
    const hostile = [bomb, wall].map((to) => messageTo(predeploys.L2CrossDomainMessenger, to))
    const withdrawals = await withdrawTogether([...hostile, ...honest])
    assert.equal(withdrawals.length, count + hostile.length)
    for (const { hash } of withdrawals.slice(hostile.length)) await inState(hash, 'finalised')

    assert.equal((await wbtcOnL1(target)) - before, 2n * BigInt(count))
    const [exploded, blocked] = withdrawals
    assert.ok(exploded && blocked)
    // The first lands, burns its own gas and no more, and is tried again more and more rarely. The second is never sent.
    await inState(exploded.hash, 'failed')
    assert.match((await told(blocked.hash)).hold?.reason ?? '', /can't be delivered/)
    await until(async () => (await status()).alerts[`withdrawal.${blocked.hash}`] !== undefined, 'an alert')
    const sent = await sentSince(from)
    const batches = sent.filter(({ to }) => to !== null && isAddressEqual(to, contracts().Multicall3))
    const [proved, finalised] = batches
    assert.ok(proved && finalised)
    assert.equal(batches.length, 2, 'nobody had to be tried again for them')
    const single = sent.filter((one) => !batches.includes(one))
    // Once finalised, and at most six times replayed before it is in quarantine.
    assert.ok(single.length >= 1 && single.length <= 7, `${single.length} transactions for a hostile message`)
    for (const { receipt } of single) assert.ok(receipt.gasUsed < 1_000_000n, `burned ${receipt.gasUsed}`)
    const budgets = [
      [proved, 'proveWithdrawalTransaction', 175_000n],
      [finalised, 'finalizeWithdrawalTransaction', 154_000n],
    ] as const
    for (const [{ input, receipt }, name, budget] of budgets) {
      const { args } = decodeFunctionData({ abi: multicall3Abi, data: input })
      // Safe: the batch was made by aggregate3.
      const made = args?.[0] as readonly { callData: Hex }[]
      // The hostile ones may be proven along, or a round later.
      assert.ok(made.length >= count, `${made.length} in a batch`)
      for (const { callData } of made) {
        assert.equal(decodeFunctionData({ abi: optimismPortalAbi, data: callData }).functionName, name)
      }
      const each = receipt.gasUsed / BigInt(made.length)
      assert.ok(each <= budget, `${name}: ${each} gas each, at most ${budget}`)
    }
  })

  it('replays on L1 what failed there, once its target takes it', async () => {
    const { L1CrossDomainMessenger } = contracts()
    const target = await deployDoor('L1')
    const [withdrawal] = await withdrawTogether([messageTo(predeploys.L2CrossDomainMessenger, target)])
    assert.ok(withdrawal)
    const { hash } = withdrawal
    await until(async () => /can't be delivered/.test((await told(hash)).hold?.reason ?? ''), 'undeliverable')
    // Anybody may finalise it all the same.
    const call = { ...finaliseCall(contracts().OptimismPortal, withdrawal), gas: 2_000_000n }
    await onL1(network, 'pool', call)
    await inState(hash, 'failed')
    await until(async () => /would fail/.test((await told(hash)).hold?.reason ?? ''), 'a reason')
    await onL1(network, 'pool', { to: target, data: '0x', value: 0n })
    await retry(hash)
    await inState(hash, 'replayed')

    const { history, sdkStatus, hold } = await told(hash)
    assert.deepEqual(
      history.slice(-2).map(({ state }) => state),
      ['failed', 'replayed'],
    )
    assert.equal(sdkStatus, 6)
    assert.equal(hold, undefined)
    const relay = relayOf(withdrawal.data)
    assert.ok(relay)
    const delivered = await network.l1.readContract({
      address: L1CrossDomainMessenger,
      abi: l1CrossDomainMessengerAbi,
      functionName: 'successfulMessages',
      args: [relayHash(relay)],
    })
    assert.ok(delivered)
  })

  it('replays on L2 what failed there, once its target takes it and the key has ether', async () => {
    const { manifest, keys } = network
    const target = await deployDoor('L2')
    const receipt = await onL1(network, 'user', {
      ...messageTo(contracts().L1CrossDomainMessenger, target),
      gas: 3_000_000n,
    })
    const [deposit] = depositsOf(receipt, contracts().OptimismPortal)
    assert.ok(deposit)
    const { hash } = deposit
    await inState(hash, 'failed')
    await until(async () => /would fail again/.test((await told(hash)).hold?.reason ?? ''), 'a reason')
    const opening = await network.l2Wallet('user').sendTransaction({ to: target })
    await minedOn(network.l2, opening)
    await retry(hash)
    const alerts = async () => (await status()).alerts
    await until(async () => /Send it ether/.test((await alerts())[`deposit.${hash}`] ?? ''), 'no ether')
    const ether = { manifest, amount: parseEther('0.1'), to: keys.sequencer.address }
    await onL1(network, 'user', { ...depositEtherCall(ether), gas: 3_000_000n })
    await inState(hash, 'replayed')

    const { history, sdkStatus } = await told(hash)
    assert.deepEqual(
      history.slice(-2).map(({ state }) => state),
      ['failed', 'replayed'],
    )
    assert.equal(sdkStatus, 6)
    assert.equal(await readDepositState({ l1: network.l1, l2: network.l2 }, deposit), 'replayed')
    await until(async () => (await alerts())[`deposit.${hash}`] === undefined, 'the alert is over')
  })

  /** Not to wait until its next turn. */
  async function retry(id: Hash): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    const url = `${network.manifest.services.sequencer}/v1/messages/${id}/retry`
    assert.ok((await fetch(url, { method: 'POST', headers, body: '{}' })).ok)
  }

  /** A contract that reverts whatever it is sent, until somebody opens it with an empty call: then sstore(0, 1), else sload(0) or revert. */
  function deployDoor(chain: 'L1' | 'L2'): Promise<Address> {
    return deploy(chain, '3615600d575f546013575f5ffd5b60015f55005b00')
  }

  async function deploy(chain: 'L1' | 'L2', runtime: string): Promise<Address> {
    const bytes = (runtime.length / 2).toString(16).padStart(2, '0')
    const data: Hex = `0x60${bytes}600a5f3960${bytes}5ff3${runtime}`
    const [client, wallet] =
      chain === 'L1' ? [network.l1, network.l1Wallet('user')] : [network.l2, network.l2Wallet('user')]
    const { contractAddress } = await minedOn(client, await wallet.sendTransaction({ data }))
    assert.ok(contractAddress)
    return contractAddress
  }

  function messageTo(messenger: Address, target: Address): Call {
    const data = encodeFunctionData({
      abi: l2CrossDomainMessengerAbi,
      functionName: 'sendMessage',
      args: [target, '0x01', 100_000],
    })
    return { to: messenger, data, value: 0n }
  }
})
