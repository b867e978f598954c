import assert from 'node:assert/strict'
import { type Address, encodeFunctionData, erc20Abi, type Hash, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { getL2TransactionHashes } from 'viem/op-stack'
import { z } from 'zod'
import { depositErc20Call } from '../../bridge/actions.ts'
import { forcedTransactionCall } from '../../bridge/forced.ts'
import { depositEnds, effectOf } from '../../bridge/message.ts'
import { depositsOf } from '../../bridge/observe.ts'
import { testWBTC } from '../../chain/generated/abi.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { l1StandardBridgeAbi } from '../../chain/generated/opAbi.ts'
import { eventually, type RunningNetwork } from '../support/network.ts'
import { itMeanwhile, sharedNetwork } from '../support/sharedNetwork.ts'

const stranger = () => privateKeyToAccount(generatePrivateKey()).address

type Message = {
  state: string
  effect: { kind: string; amount?: string }
  history: { state: string; note?: string }[]
}

function inState({ ask, patience }: RunningNetwork, id: Hash, ...states: string[]): Promise<Message> {
  return eventually(
    async () => {
      const found = await ask<Message>(`/v1/messages/${id}`)
      return states.includes(found.state) && found
    },
    `${id} to be ${states.join(' or ')}`,
    patience.depositSeconds,
  )
}

function tokensOf({ l2, wbtc }: RunningNetwork, holder: Address): Promise<bigint> {
  return l2.readContract({ address: wbtc.l2, abi: erc20Abi, functionName: 'balanceOf', args: [holder] })
}

describe('deposits', function () {
  this.timeout(600_000)
  sharedNetwork()

  itMeanwhile('executes a deposit under the hash that L1 alone gives', async (network) => {
    const { manifest, wbtc, l2, newUser, send, arrived } = network
    const user = await newUser({ ether: parseEther('1'), wbtc: 500n, l1Wbtc: 300n })
    assert.equal(await l2.getBalance({ address: user.address }), parseEther('1'))
    assert.equal(await tokensOf(network, user.address), 500n)

    const to = stranger()
    const receipt = await send(user, 'l1', depositErc20Call({ manifest, token: wbtc.l1, amount: 300n, to }))
    const [executed] = await arrived(receipt)
    assert.ok(executed)
    assert.deepEqual(getL2TransactionHashes({ logs: receipt.logs as never }), [executed.transactionHash])
    assert.equal(await tokensOf(network, to), 300n)
    const { effect } = await inState(network, executed.transactionHash, 'included', 'final')
    assert.deepEqual([effect.kind, effect.amount], ['erc20', '300'])
  })

  itMeanwhile(
    'calls a deposit of an unknown pair failed, although its transactions succeeded',
    async (network) => {
      const { manifest, wbtc, newUser, send, arrived } = network
      const user = await newUser({ l1Wbtc: 5n })
      const { L1StandardBridge } = manifest.l1.contracts
      const data = encodeFunctionData({
        abi: l1StandardBridgeAbi,
        functionName: 'bridgeERC20To',
        args: [wbtc.l1, stranger(), user.address, 5n, 200_000, '0x'],
      })
      const receipt = await send(user, 'l1', { to: L1StandardBridge, data, value: 0n })
      assert.equal(receipt.status, 'success')
      const [executed] = await arrived(receipt)
      assert.equal(executed?.status, 'success')
      const { history } = await inState(network, executed.transactionHash, 'failed')
      assert.match(history.at(-1)?.note ?? '', /FailedRelayedMessage/)
    },
  )

  itMeanwhile('brings a token with the gas to move it, by one command', async (network) => {
    const { wbtc, l2, newUser, send, patience } = network
    const to = stranger()
    const words = ['bridge', 'deposit', '--amount', '0.000004', '--with-gas', '0.25', '--to', to]
    const plan = network.hashsand(...words)
    assert.equal(await plan.ended, 0, plan.stderr())
    const from = z.object({ from: z.custom<Address>() }).parse(plan.lines[0]).from
    const faucet = encodeFunctionData({ abi: testWBTC.abi, functionName: 'faucet', args: [from, 400n] })
    await send(await newUser(), 'l1', { to: wbtc.l1, data: faucet, value: 0n })
    const sent = await network.sends(...words)
    assert.equal(await sent.ended, 0, sent.stderr())
    await eventually(
      async () => (await tokensOf(network, to)) === 400n && (await l2.getBalance({ address: to })) > 0n,
      'coins and ether on L2',
      patience.depositSeconds,
    )
    assert.equal(await l2.getBalance({ address: to }), parseEther('0.25'))
  })

  itMeanwhile('does not take an imitation of a bridge message for coins', async (network) => {
    const { manifest, wbtc, newUser, send } = network
    const user = await newUser()
    const imitation = encodeFunctionData({
      abi: l1StandardBridgeAbi,
      functionName: 'finalizeBridgeERC20',
      args: [wbtc.l2, wbtc.l1, user.address, user.address, 1_000_000n, '0x'],
    })
    const call = { to: predeploys.L2StandardBridge, data: imitation, value: 0n }
    const receipt = await send(user, 'l1', forcedTransactionCall({ manifest, call, gas: 300_000n }))
    const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
    assert.ok(deposit)
    assert.equal(effectOf(deposit, depositEnds(manifest.l1.contracts)).kind, 'call')
    const { effect } = await inState(network, deposit.hash, 'failed')
    assert.equal(effect.kind, 'call')
    assert.equal(await tokensOf(network, user.address), 0n)
  })
})
