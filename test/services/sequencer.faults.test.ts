import assert from 'node:assert/strict'
import { mkdir, readdir, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  encodeFunctionData,
  type Hash,
  type Hex,
  multicall3Abi,
  pad,
  parseEther,
  toHex,
  zeroAddress,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { depositEtherCall, finaliseCall, withdrawEtherCall } from '../../bridge/actions.ts'
import { serializeDeposit } from '../../bridge/deposit.ts'
import { relayOf } from '../../bridge/message.ts'
import { depositsOf, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import {
  l1CrossDomainMessengerAbi,
  l1StandardBridgeAbi,
  l2CrossDomainMessengerAbi,
  l2ToL1MessagePasserAbi,
  optimismPortalAbi,
} from '../../chain/generated/opAbi.ts'
import { type Served, serve } from '../../services/runtime/http.ts'
import { request } from '../../services/sequencer/network.ts'
import type { Status } from '../../services/sequencer/status.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from './sequencerNetwork.ts'

const stranger = (): Address => privateKeyToAccount(generatePrivateKey()).address

describe('sequencer under faults and attacks', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let lossy: Served
  /** Methods whose next answers get lost on the way from the L2 node, after they had their effect. */
  const losses = new Map<string, number>()

  before(async () => {
    network = await startTestNetwork({}, async (nodeUrl) => {
      lossy = await serve({ app: losingAnswers(nodeUrl, losses), port: 0, purpose: 'a test' })
      return lossy.url
    })
  })
  after(async () => {
    await network?.close()
    await lossy?.close()
  })

  const portal = () => network.manifest.l1.contracts.OptimismPortal
  const status = () => network.ask<Status>('/v1/status')
  const stateOf = async (id: Hash) => (await network.ask<{ state: string }>(`/v1/messages/${id}`)).state
  const balance = (address: Address) => network.l2Node.getBalance({ address })
  const balanced = () =>
    until(async () => {
      const { supply, alerts } = await status()
      assert.deepEqual(
        Object.keys(alerts).filter((name) => name.startsWith('supply')),
        [],
      )
      return supply?.length === 2 && supply.every((one) => one.balanced)
    }, 'minted = locked - in flight')
  /** Deposits of ether that land in one L1 block, to receivers of their own: 1 wei, 2 wei, … */
  const depositMany = async (count: number) => {
    const receivers = Array.from({ length: count }, stranger)
    const nonce = await network.l1.getTransactionCount({ address: network.keys.user.address })
    const hashes = await Promise.all(
      receivers.map((to, index) =>
        network.l1Wallet('user').sendTransaction({
          ...depositEtherCall({ manifest: network.manifest, amount: BigInt(index + 1), to }),
          nonce: nonce + index,
          gas: 700_000n,
        }),
      ),
    )
    await Promise.all(hashes.map((hash) => minedOn(network.l1, hash)))
    return receivers
  }
  const arrivedOnce = async (receivers: readonly Address[]) => {
    const wanted = receivers.map((_, index) => BigInt(index + 1))
    await until(async () => {
      const balances = await Promise.all(receivers.map(balance))
      return balances.every((wei, index) => wei === wanted[index])
    }, 'every deposit, once')
  }

  it('executes each deposit once although the node loses answers in the middle of their origin', async () => {
    const before = await status()
    for (const method of ['eth_sendRawTransaction', 'evm_mine']) losses.set(method, 4)
    const receivers = await depositMany(12)
    await arrivedOnce(receivers)
    await until(() => Promise.resolve([...losses.values()].every((left) => left === 0)), 'answers were lost')
    await balanced()
    // An output that was passed over while an answer was lost would stop all that follow.
    await until(async () => {
      const { lastRoot } = await status()
      return lastRoot !== undefined && BigInt(lastRoot.l2Block) + 20n > BigInt(before.l2.head)
    }, 'roots go on')
    await until(async () => (await status()).alerts['output.lost'] === undefined, 'no output is lost')
  })

  it('shows nothing while the disk fails, and executes the rest of the origin afterwards', async () => {
    const dumps = join(network.dir, 'engine', 'l2', 'dumps')
    const newest = Math.max(...(await readdir(dumps)).map((name) => Number.parseInt(name, 10)))
    const blockers = Array.from({ length: 120 }, (_, index) =>
      join(dumps, `${String(newest + index + 1).padStart(12, '0')}.dump.tmp`),
    )
    for (const path of blockers) await mkdir(path).catch(() => {})
    const receivers = await depositMany(20)
    await until(async () => (await balance(receivers[0] ?? zeroAddress)) > 0n, 'L2 executes', 8).catch(
      () => {},
    )
    const refused = async () => {
      const answer = await fetch(network.manifest.l2.rpcUrl, {
        method: 'POST',
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_blockNumber', params: [] }),
      })
      return ((await answer.json()) as { error?: { code: number } }).error?.code === -32_000
    }
    await until(refused, 'the head is kept back', 8)
    await sleep(500)
    assert.ok(await refused())
    for (const path of blockers) await rm(path, { recursive: true, force: true })
    await arrivedOnce(receivers)
    await until(async () => (await network.l2.getBlockNumber({ cacheTime: 0 })) > 0n, 'the front answers')
    await balanced()
  })

  it('executes whatever anybody deposits, and what is behind it', async () => {
    const { manifest } = network
    const deposit = (to: Address, value: bigint, gas: bigint, creates: boolean, data: Hex) => ({
      target: portal(),
      allowFailure: false,
      callData: encodeFunctionData({
        abi: optimismPortalAbi,
        functionName: 'depositTransaction',
        args: [to, value, gas, creates, data],
      }),
    })
    const same = deposit(stranger(), 0n, 30_000n, false, '0x')
    const strange = [
      deposit(zeroAddress, 0n, 21_000n, true, '0x'),
      deposit(zeroAddress, 0n, 2_000_000n, true, `0x${'00'.repeat(50_000)}`),
      deposit(zeroAddress, 0n, 100_000n, true, '0x60ef60005360016000f3'),
      deposit(zeroAddress, 0n, 100_000n, true, '0xfe'),
      deposit(stranger(), 2n ** 256n - 1n, 100_000n, false, '0x'),
      deposit(stranger(), 1n, 100_000n, false, '0x'),
      ...[
        predeploys.L1Block,
        predeploys.L2CrossDomainMessenger,
        predeploys.L2StandardBridge,
        predeploys.L2ToL1MessagePasser,
        predeploys.WETH,
        portal(),
        pad('0x5', { size: 20 }),
      ].map((to) => deposit(to, 0n, 200_000n, false, `0x440a5e20${'ff'.repeat(200)}`)),
      ...Array.from({ length: 27 }, () => same),
    ]
    const last = stranger()
    const receipt = await onL1(network, 'user', {
      to: manifest.l1.contracts.Multicall3,
      data: encodeFunctionData({ abi: multicall3Abi, functionName: 'aggregate3', args: [strange] }),
      value: 0n,
      gas: 25_000_000n,
    })
    assert.equal(receipt.status, 'success')
    const deposits = depositsOf(receipt, portal())
    assert.equal(deposits.length, 40)
    assert.equal(new Set(deposits.map(({ hash }) => hash)).size, 40)
    await onL1(network, 'pool', depositEtherCall({ manifest, amount: 9n, to: last }))
    await until(async () => (await balance(last)) === 9n, 'the deposit behind them')
    const states = await Promise.all(deposits.map(({ hash }) => stateOf(hash)))
    assert.ok(states.every((state) => ['included', 'final', 'failed'].includes(state)))
    assert.ok(states.slice(-27).every((state) => state !== 'failed'))
    await balanced()
  })

  it('is not made to see coins in flight by messages that only look like transfers', async () => {
    const { manifest, wbtc, keys } = network
    const { L1CrossDomainMessenger, L1StandardBridge } = manifest.l1.contracts
    const transfer = (local: Address, remote: Address) =>
      encodeFunctionData({
        abi: l1StandardBridgeAbi,
        functionName: 'finalizeBridgeERC20',
        args: [local, remote, keys.user.address, keys.user.address, 10n ** 18n, '0x'],
      })
    const relay = (sender: Address, target: Address, message: Hex) =>
      encodeFunctionData({
        abi: l2CrossDomainMessengerAbi,
        functionName: 'relayMessage',
        args: [(1n << 240n) + 10_000n, sender, target, 0n, 200_000n, message],
      })
    const onL2 = transfer(wbtc.l2, wbtc.l1)
    const toL1 = relay(predeploys.L2StandardBridge, L1StandardBridge, transfer(wbtc.l1, wbtc.l2))
    assert.ok(relayOf(toL1) !== undefined)
    // Before the deposit below, which takes the next nonce of its sender on L2.
    const hash = await network.l2Wallet('user').sendTransaction({
      to: predeploys.L2ToL1MessagePasser,
      data: encodeFunctionData({
        abi: l2ToL1MessagePasserAbi,
        functionName: 'initiateWithdrawal',
        args: [L1CrossDomainMessenger, 500_000n, toL1],
      }),
      gas: 500_000n,
    })
    const [withdrawal] = withdrawalsOf(await minedOn(network.l2, hash))
    assert.ok(withdrawal)
    // Behind another deposit of one block the portal burns more than was estimated.
    const gas = 3_000_000n
    const begun = await Promise.all([
      onL1(network, 'user', {
        to: portal(),
        data: encodeFunctionData({
          abi: optimismPortalAbi,
          functionName: 'depositTransaction',
          args: [
            predeploys.L2CrossDomainMessenger,
            0n,
            500_000n,
            false,
            relay(L1StandardBridge, predeploys.L2StandardBridge, onL2),
          ],
        }),
        value: 0n,
        gas,
      }),
      onL1(network, 'pool', {
        to: L1CrossDomainMessenger,
        data: encodeFunctionData({
          abi: l1CrossDomainMessengerAbi,
          functionName: 'sendMessage',
          args: [predeploys.L2StandardBridge, onL2, 500_000],
        }),
        value: 0n,
        gas,
      }),
    ])
    for (const receipt of begun) {
      const [deposit] = depositsOf(receipt, portal())
      assert.ok(deposit)
      await until(async () => (await stateOf(deposit.hash)) === 'failed', 'failed')
    }
    await sleep(1_500)
    await balanced()
  })

  it('finalises nothing that would fail, and says failed where somebody else did', async () => {
    const { L1CrossDomainMessenger, L2OutputOracle, OptimismPortal } = network.manifest.l1.contracts
    // The oracle takes no such call.
    const direct = encodeFunctionData({
      abi: l2ToL1MessagePasserAbi,
      functionName: 'initiateWithdrawal',
      args: [L2OutputOracle, 100_000n, '0xdeadbeef'],
    })
    const relayed = encodeFunctionData({
      abi: l2CrossDomainMessengerAbi,
      functionName: 'sendMessage',
      args: [L2OutputOracle, '0xdeadbeef', 100_000],
    })
    const begin = async (to: Address, data: Hex) => {
      const hash = await network.l2Wallet('user').sendTransaction({ to, data, gas: 500_000n })
      const [withdrawal] = withdrawalsOf(await minedOn(network.l2, hash))
      assert.ok(withdrawal)
      return withdrawal
    }
    const withdrawals = [
      await begin(predeploys.L2ToL1MessagePasser, direct),
      await begin(predeploys.L2CrossDomainMessenger, relayed),
    ]
    assert.equal(withdrawals[1]?.target, L1CrossDomainMessenger)
    for (const withdrawal of withdrawals) {
      const { hash } = withdrawal
      await until(
        async () => /can't be delivered/.test((await status()).alerts[`withdrawal.${hash}`] ?? ''),
        'not delivered',
      )
      assert.equal(await stateOf(hash), 'mature')
      const call = { ...finaliseCall(OptimismPortal, withdrawal), gas: 2_000_000n }
      assert.equal((await onL1(network, 'pool', call)).status, 'success')
      await until(async () => (await stateOf(hash)) === 'failed', 'failed')
    }
  })

  it('is not held up by a full pool, which loses nothing', async () => {
    const { l2, l2Node, keys, manifest } = network
    const { address } = keys.user
    const nonce = await l2.getTransactionCount({ address })
    const to = stranger()
    const count = 70
    // Each asks for a whole block, so a block takes one of them.
    const sent = Array.from({ length: count }, (_, index) =>
      network.l2Wallet('user').sendTransaction({ to, value: 1n, nonce: nonce + index, gas: 30_000_000n }),
    )
    const friend = stranger()
    const deposited = network.l1Wallet('pool').sendTransaction({
      ...depositEtherCall({ manifest, amount: 4n, to: friend }),
      gas: 3_000_000n,
    })
    await Promise.all(sent)
    await minedOn(network.l1, await deposited)
    await until(async () => (await balance(friend)) === 4n, 'the deposit', 15)
    await until(async () => (await balance(to)) === BigInt(count), 'every payment')
    const head = await l2Node.getBlockNumber({ cacheTime: 0 })
    await sleep(1_000)
    const later = await l2Node.getBlockNumber({ cacheTime: 0 })
    assert.ok(later - head < 15n, `${later - head} blocks a second of which nobody needs one`)
  })

  it('never takes back what a reader saw, wherever everything is killed', async () => {
    const { manifest, l2, l2Node } = network
    const blocks = new Map<bigint, Hash>()
    const receipts = new Map<Hash, Hash>()
    const sent = new Set<Hash>()
    const stop = new AbortController()
    const read = async () => {
      while (!stop.signal.aborted) {
        const block = await l2.getBlock().catch(() => undefined)
        if (block !== undefined) blocks.set(block.number, block.hash)
        const number = await l2.getBlockNumber({ cacheTime: 0 }).catch(() => undefined)
        if (number !== undefined && !blocks.has(number)) {
          const named = await l2.getBlock({ blockNumber: number }).catch(() => undefined)
          if (named !== undefined) blocks.set(number, named.hash)
        }
        for (const hash of [...sent].slice(-3)) {
          const receipt = await receiptOf(l2, hash).catch(() => undefined)
          if (receipt !== undefined) receipts.set(hash, receipt.blockHash)
        }
        await sleep(1)
      }
    }
    const write = async () => {
      while (!stop.signal.aborted) {
        const call = withdrawEtherCall({ amount: 1n, to: network.keys.user.address })
        const hash = await network
          .l2Wallet('user')
          .sendTransaction({ ...call, gas: 300_000n })
          .catch(() => undefined)
        if (hash !== undefined) sent.add(hash)
        await sleep(20)
      }
    }
    const work = [read(), read(), read(), write()]
    // Until something was seen: where a machine is slow, everything may be dead again before a withdrawal is in a block.
    const hasSeen = () => blocks.size > 3 && receipts.size > 0
    for (let round = 0; round < 3 || (!hasSeen() && round < 20); round++) {
      await onL1(network, 'pool', {
        ...depositEtherCall({ manifest, amount: 1n, to: stranger() }),
        gas: 3_000_000n,
      })
      await sleep(Math.random() * 900 * (round + 1))
      await network.killAll()
    }
    stop.abort()
    await Promise.all(work)
    assert.ok(hasSeen(), `${blocks.size} blocks and ${receipts.size} receipts were seen`)
    for (const [blockNumber, hash] of blocks) {
      assert.equal((await l2Node.getBlock({ blockNumber })).hash, hash, `block ${blockNumber}`)
    }
    for (const [hash, blockHash] of receipts)
      assert.equal((await receiptOf(l2Node, hash))?.blockHash, blockHash)
  })

  it('calls out when L2 holds ether that L1 does not stand for', async () => {
    await balanced()
    const fake = serializeDeposit({
      sourceHash: toHex(123, { size: 32 }),
      from: stranger(),
      to: stranger(),
      mint: parseEther('1000000'),
      value: 0n,
      gas: 100_000n,
      data: '0x',
    })
    await request(network.l2Node, 'eth_sendRawTransaction', [fake])
    await request(network.l2Node, 'evm_mine')
    await until(async () => (await status()).alerts['supply.ETH'] !== undefined, 'an alert')
  })
})

/** Passes requests on; of the methods in `losses` that many answers are lost after the node has done what was asked. */
function losingAnswers(nodeUrl: string, losses: Map<string, number>): RequestListener {
  return (incoming, response) => {
    const pass = async () => {
      const body = Buffer.concat(await incoming.toArray())
      // Safe: only our own clients talk to it.
      const { method, params } = JSON.parse(body.toString()) as { method: string; params?: unknown[] }
      const headers = { 'content-type': 'application/json' }
      const answer = await (await fetch(nodeUrl, { method: 'POST', headers, body })).text()
      const left = losses.get(method) ?? 0
      const isWanted = method !== 'eth_sendRawTransaction' || String(params?.[0]).startsWith('0x7e')
      if (left === 0 || !isWanted) return response.writeHead(200, headers).end(answer)
      losses.set(method, left - 1)
      return response.destroy()
    }
    pass().catch(() => response.destroy())
  }
}
