import assert from 'node:assert/strict'
import { erc20Abi, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { withdrawErc20Call, withdrawEtherCall } from '../../bridge/actions.ts'
import { relayOf } from '../../bridge/message.ts'
import { readWithdrawalState, withdrawalsOf } from '../../bridge/observe.ts'
import { withdrawalStates } from '../../bridge/status.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { eventually, type RunningNetwork, type User } from '../support/network.ts'
import { sharedNetwork, story } from '../support/sharedNetwork.ts'

const stranger = () => privateKeyToAccount(generatePrivateKey()).address

/** Every state that a withdrawal is seen in, until it has arrived. */
async function statesOf(network: RunningNetwork, withdrawal: Withdrawal): Promise<string[]> {
  const { l1, manifest, patience } = network
  const passed: string[] = []
  await eventually(
    async () => {
      const state = await readWithdrawalState(l1, { contracts: manifest.l1.contracts, withdrawal })
      if (state !== passed.at(-1)) passed.push(state)
      return state === 'finalised'
    },
    `withdrawal ${withdrawal.hash} to be finalised`,
    patience.finalSeconds,
  )
  return passed
}

async function begin(network: RunningNetwork, user: User, call: Parameters<RunningNetwork['send']>[2]) {
  const receipt = await network.send(user, 'l2', call)
  assert.equal(receipt.status, 'success')
  const [withdrawal] = withdrawalsOf(receipt)
  assert.ok(withdrawal)
  return withdrawal
}

const bothWays = story(async (network) => {
  const { manifest, wbtc, newUser } = network
  const user = await newUser({ ether: parseEther('2'), wbtc: 9_000n })
  const target = stranger()
  const token = { manifest, token: wbtc.l2, amount: 4_000n, to: target }
  const withdrawals = [
    await begin(network, user, withdrawErc20Call(token)),
    await begin(network, user, withdrawEtherCall({ amount: 77n, to: target })),
  ]
  const passed = await Promise.all(withdrawals.map((withdrawal) => statesOf(network, withdrawal)))
  return { target, withdrawals, passed }
})

describe('withdrawals', function () {
  this.timeout(600_000)
  const network = sharedNetwork()

  it('takes a token and ether back to L1, through every state, without anybody doing anything', async () => {
    const { l1, manifest, wbtc, ask, patience } = network()
    const token = { address: wbtc.l1, abi: erc20Abi } as const
    const { target, withdrawals, passed } = await bothWays()
    assert.equal(await l1.readContract({ ...token, functionName: 'balanceOf', args: [target] }), 4_000n)
    assert.equal(await l1.getBalance({ address: target }), 77n)
    for (const states of passed) {
      assert.deepEqual(states, inOrder(states), 'no state came twice or too early')
      assert.ok(states.includes('proven'), states.join(' '))
      assert.equal(states.at(-1), 'finalised')
    }
    for (const { hash, data } of withdrawals) {
      assert.ok(relayOf(data))
      const events = await l1.getContractEvents({
        address: manifest.l1.contracts.OptimismPortal,
        abi: optimismPortalAbi,
        eventName: 'WithdrawalFinalized',
        args: { withdrawalHash: hash },
        fromBlock: BigInt(manifest.l1.startBlock.number),
      })
      assert.deepEqual(
        events.map(({ args }) => args.success),
        [true],
      )
      const { history } = await eventually(
        async () => {
          const told = await ask<{ state: string; history: { state: string }[] }>(`/v1/messages/${hash}`)
          return told.state === 'finalised' && told
        },
        'the service to know of it',
        patience.depositSeconds,
      )
      const told = history.map(({ state }) => state)
      assert.equal(told.at(-1), 'finalised')
      assert.deepEqual(told, inOrder(told), 'the service tells the same order')
    }
  })
})

function inOrder(states: readonly string[]): string[] {
  return withdrawalStates.filter((state) => states.includes(state))
}
