import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  getContract,
  type Hash,
  pad,
  parseEther,
  toHex,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import {
  depositErc20Call,
  depositEtherCall,
  withdrawErc20Call,
  withdrawEtherCall,
} from '../../bridge/actions.ts'
import { serializeDeposit } from '../../bridge/deposit.ts'
import { depositsOf, readWithdrawalFacts, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l1BlockAbi, l1StandardBridgeAbi, optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import type { Status } from '../../services/sequencer/status.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from './sequencerNetwork.ts'

type Message = { id: Hash; kind: string; state: string; history: { state: string; note?: string }[] }

const stranger = (): Address => privateKeyToAccount(generatePrivateKey()).address

describe('sequencer', function () {
  this.timeout(240_000)
  let network: TestNetwork

  before(async () => {
    network = await startTestNetwork()
  })
  after(() => network.close())

  const wbtcOf = (address: Address) =>
    network.l2.readContract({
      address: network.wbtc.l2,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [address],
    })
  const portal = () => network.manifest.l1.contracts.OptimismPortal
  const status = () => network.ask<Status>('/v1/status')
  const messages = async (query = '') =>
    (await network.ask<{ messages: Message[] }>(`/v1/messages${query}`)).messages
  const message = (id: Hash) => network.ask<Message>(`/v1/messages/${id}`)
  /** Sends without waiting, so that many land in one block. */
  const depositTo = async (to: Address, amount: bigint) =>
    network.l1Wallet('user').sendTransaction({
      ...depositErc20Call({ manifest: network.manifest, token: network.wbtc.l1, amount, to }),
      // After a full block the portal burns more gas for the same deposit.
      gas: 3_000_000n,
    })
  const balanced = () =>
    until(async () => {
      const { supply } = await status()
      return supply !== undefined && supply.length === 2 && supply.every((one) => one.balanced)
    }, 'minted = locked - in flight')
  const finalisedOnce = async (hash: Hash) => {
    const events = await network.l1.getContractEvents({
      address: portal(),
      abi: optimismPortalAbi,
      eventName: 'WithdrawalFinalized',
      args: { withdrawalHash: hash },
      fromBlock: 0n,
    })
    assert.deepEqual(
      events.map(({ args }) => args.success),
      [true],
    )
  }

  it('mints thirty deposits of one L1 block in their order and once, after the attributes of their origin', async () => {
    const { l1, l2Node, keys } = network
    const receivers = Array.from({ length: 30 }, stranger)
    const nonce = await l1.getTransactionCount({ address: keys.user.address })
    const bridge = network.manifest.l1.contracts.L1StandardBridge
    const hashes = await Promise.all(
      receivers.map((to, index) =>
        network.l1Wallet('user').sendTransaction({
          ...depositEtherCall({ manifest: network.manifest, amount: BigInt(index + 1), to }),
          to: bridge,
          nonce: nonce + index,
          gas: 700_000n,
        }),
      ),
    )
    const receipts = await Promise.all(hashes.map((hash) => minedOn(l1, hash)))
    const last = receipts.at(-1)
    assert.ok(last)
    await until(
      async () => (await l2Node.getBalance({ address: receivers[29] ?? bridge })) === 30n,
      'the last one',
    )

    const balances = await Promise.all(receivers.map((address) => l2Node.getBalance({ address })))
    assert.deepEqual(
      balances,
      receivers.map((_, index) => BigInt(index + 1)),
    )
    const blocks: bigint[] = []
    for (const receipt of receipts) {
      for (const { hash, origin } of depositsOf(receipt, portal())) {
        const executed = await receiptOf(l2Node, hash)
        assert.ok(executed)
        blocks.push(executed.blockNumber)
        const known = await l2Node.readContract({
          address: predeploys.L1Block,
          abi: l1BlockAbi,
          functionName: 'hash',
          blockNumber: executed.blockNumber,
        })
        assert.equal(known, origin.blockHash, 'L2 knew the origin when it executed the deposit')
      }
    }
    assert.deepEqual(
      blocks,
      blocks.toSorted((a, b) => Number(a - b)),
    )
    assert.equal(new Set(blocks).size, 30)
    await balanced()
  })

  it('calls a deposit of an unknown pair failed, although its transactions succeeded', async () => {
    const user = network.l1Wallet('user')
    const data = encodeFunctionData({
      abi: l1StandardBridgeAbi,
      functionName: 'bridgeERC20To',
      args: [network.wbtc.l1, stranger(), user.account.address, 5n, 200_000, '0x'],
    })
    const to = network.manifest.l1.contracts.L1StandardBridge
    const receipt = await onL1(network, 'user', { to, data, value: 0n })
    assert.equal(receipt.status, 'success')
    const [deposit] = depositsOf(receipt, portal())
    assert.ok(deposit)
    await until(async () => (await message(deposit.hash)).state === 'failed', 'failed')
    assert.equal((await receiptOf(network.l2, deposit.hash))?.status, 'success')
    assert.match((await message(deposit.hash)).history.at(-1)?.note ?? '', /FailedRelayedMessage/)
  })

  it('goes on after a deposit that L2 can not execute, and its sender keeps the mint', async () => {
    const { keys } = network
    const before = await network.l2.getBalance({ address: keys.pool.address })
    const data = encodeFunctionData({
      abi: optimismPortalAbi,
      functionName: 'depositTransaction',
      args: [stranger(), parseEther('1000'), 100_000n, false, '0x'],
    })
    const receipt = await onL1(network, 'pool', { to: portal(), data, value: 777n })
    const [deposit] = depositsOf(receipt, portal())
    assert.ok(deposit)
    await until(async () => (await message(deposit.hash)).state === 'failed', 'failed')
    assert.equal((await network.l2.getBalance({ address: keys.pool.address })) - before, 777n)
    const to = stranger()
    await onL1(network, 'user', depositEtherCall({ manifest: network.manifest, amount: 9n, to }))
    await until(async () => (await network.l2.getBalance({ address: to })) === 9n, 'the deposit behind it')
    await balanced()
  })

  it('serves users and lets nobody steer the node', async () => {
    const url = network.manifest.l2.rpcUrl
    const post = async (body: unknown) => {
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
      assert.equal(response.headers.get('access-control-allow-origin'), '*')
      return response.json() as Promise<
        { id: number; result?: unknown; error?: { code: number; message: string } }[]
      >
    }
    const call = (method: string, ...params: unknown[]) => ({ jsonrpc: '2.0', id: 1, method, params })
    const fake = serializeDeposit({
      sourceHash: pad('0x1', { size: 32 }),
      from: stranger(),
      to: stranger(),
      mint: parseEther('1000'),
      value: 0n,
      gas: 100_000n,
      data: '0x',
    })
    const answers = await post([
      call('eth_chainId'),
      call('eth_sendRawTransaction', fake),
      call('eth_sendRawTransaction', 7),
      ...[
        'anvil_setBalance',
        'anvil_rollback',
        'evm_mine',
        'hardhat_reset',
        'debug_traceTransaction',
        'txpool_content',
        'eth_sendTransaction',
        'eth_sendRawTransactionSync',
      ].map((method) => call(method)),
      { nonsense: true },
    ])
    assert.equal(answers[0]?.result, toHex(901))
    for (const { error } of answers.slice(1)) assert.ok(error !== undefined && error.code < 0)
    assert.match(answers[1]?.error?.message ?? '', /0x7e/)
    const preflight = await fetch(url, { method: 'OPTIONS' })
    assert.equal(preflight.status, 204)
    const broken = await fetch(url, { method: 'POST', body: '{' })
    assert.match(await broken.text(), /-32700/)
  })

  it('keeps a second sequencer off its store', async () => {
    const { code, words } = await network.runSecond()
    assert.notEqual(code, 0)
    assert.match(words, /in use by process \d+/)
    await status()
  })

  it('mints and finalises once through kills of the service and of everything', async () => {
    const { l1, l2, keys, manifest, wbtc } = network
    const receivers: Address[] = []
    const begun: Hash[] = []
    const withdrawn = { token: 0n, ether: 0n }
    const target = stranger()
    const user = keys.user.address
    await depositTo(user, 10_000n)
    await until(async () => (await wbtcOf(user)) >= 10_000n, 'coins to withdraw')

    for (let round = 0; round < 8; round++) {
      for (let count = 0; count < 3; count++) {
        const to = stranger()
        receivers.push(to)
        await depositTo(to, BigInt(receivers.length))
      }
      if (round % 2 === 0) {
        const token = withdrawErc20Call({ manifest, token: wbtc.l2, amount: 10n, to: target })
        const ether = withdrawEtherCall({ amount: 3n, to: target })
        for (const call of [token, ether]) {
          // A kill may fall between the request and its answer: then L2 has it, or it is sent again.
          const hash = await network.l2Wallet('user').sendTransaction(call)
          begun.push(hash)
        }
        withdrawn.token += 10n
        withdrawn.ether += 3n
        for (const hash of begun.slice(-2)) await minedOn(l2, hash)
      }
      await sleep(Math.random() * 1_200)
      if (round === 3 || round === 6) await network.killAll()
      else {
        await network.killSequencer()
        await network.startSequencer()
      }
    }
    // What a kill took from L1's pool was never mined; the sender sends it again, as a user would.
    for (const [index, to] of receivers.entries()) {
      const arrived = await until(async () => (await wbtcOf(to)) > 0n, 'a deposit', 4).then(
        () => true,
        () => false,
      )
      if (!arrived) await minedOn(l1, await depositTo(to, BigInt(index + 1)))
    }
    await until(async () => {
      const balances = await Promise.all(receivers.map(wbtcOf))
      return balances.every((balance, index) => balance === BigInt(index + 1))
    }, 'every deposit minted, and once')

    const token = getContract({ address: wbtc.l1, abi: erc20Abi, client: l1 })
    await until(
      async () =>
        (await token.read.balanceOf([target])) === withdrawn.token &&
        (await l1.getBalance({ address: target })) === withdrawn.ether,
      'every withdrawal paid, and once',
      40,
    )
    for (const hash of begun) {
      const [withdrawal] = withdrawalsOf(await minedOn(l2, hash))
      assert.ok(withdrawal)
      await finalisedOnce(withdrawal.hash)
      const facts = await readWithdrawalFacts(l1, { contracts: manifest.l1.contracts, withdrawal })
      assert.ok(facts.finalised && facts.delivered)
    }
    await until(
      async () => (await messages('?kind=withdrawal')).every(({ state }) => state === 'finalised'),
      'our word',
    )
    await balanced()
  })

  it('executes nothing again when a deposit is delivered twice', async () => {
    const { l2Node } = network
    const before = await l2Node.getBlockNumber()
    const { cursor } = await status()
    await network.killSequencer()
    await network.startSequencer()
    const heights = await l2Node.getBlockNumber()
    assert.ok(heights >= before)
    const done = (await messages('?kind=deposit')).filter(
      ({ state }) => state === 'final' || state === 'included',
    )
    assert.ok(done.length > 30)
    const again = await status()
    assert.ok(BigInt(again.cursor.number) >= BigInt(cursor.number))
    await balanced()
  })

  it('withstands requests while it works', async () => {
    const { l2 } = network
    const to = stranger()
    await depositTo(to, 5n)
    const reads: Promise<bigint>[] = []
    for (let count = 0; count < 200; count++) reads.push(l2.getBlockNumber({ cacheTime: 0 }))
    const heads = await Promise.all(reads)
    assert.ok(heads.every((head) => head > 0n))
    await until(async () => (await wbtcOf(to)) === 5n, 'the deposit')
  })

  it('shows its health, its metrics and what it does not have', async () => {
    const url = network.manifest.services.sequencer
    await until(async () => (await fetch(`${url}/readyz`)).ok, 'ready')
    const metrics = await (await fetch(`${url}/metrics`)).text()
    for (const name of ['head_block', 'derivation_lag_blocks', 'messages', 'supply_balanced']) {
      assert.match(metrics, new RegExp(`hashsand_sequencer_${name}`))
    }
    const missing = await fetch(`${url}/v1/messages/${pad('0x7', { size: 32 })}`)
    assert.equal(missing.status, 404)
  })
})
