import assert from 'node:assert/strict'
import { type Address, erc20Abi, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'
import { depositErc20Call, withdrawErc20Call, withdrawEtherCall } from '../../bridge/actions.ts'
import { relayOf } from '../../bridge/message.ts'
import { readWithdrawalState, withdrawalsOf } from '../../bridge/observe.ts'
import { withdrawalStates } from '../../bridge/status.ts'
import type { Withdrawal } from '../../bridge/withdrawal.ts'
import { optimismPortalAbi } from '../../chain/generated/opAbi.ts'
import { refusal } from '../support/devnet.ts'
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

/** Somebody with coins on L2 and no ether there, by command: refused with the way out, and then taken by it. */
const throughL1 = story(async (network) => {
  const { manifest, wbtc, newUser, send, arrived, patience, l1 } = network
  const words = ['bridge', 'withdraw', '--as', 'challenger', '--amount', '0.000007']
  const plan = network.hashsand(...words, '--through-l1')
  assert.equal(await plan.ended, 0, plan.stderr())
  const { from } = z.object({ from: z.custom<Address>() }).parse(plan.lines[0])
  const user = await newUser({ l1Wbtc: 700n })
  const call = depositErc20Call({ manifest, token: wbtc.l1, amount: 700n, to: from })
  await arrived(await send(user, 'l1', call))
  const refused = await refusal(network.hashsand(...words, '--send'))
  const sent = await network.sends(...words, '--through-l1')
  assert.equal(await sent.ended, 0, sent.stderr())
  await eventually(
    async () =>
      (await l1.readContract({
        address: wbtc.l1,
        abi: erc20Abi,
        functionName: 'balanceOf',
        args: [from],
      })) === 700n,
    'the coins on L1',
    patience.finalSeconds,
  )
  return { refused, plan: plan.lines[0] }
})

describe('withdrawals', function () {
  this.timeout(600_000)
  const network = sharedNetwork()

  it('offers the way through L1 to who has no ether on L2, and takes him home by it', async () => {
    const { refused, plan } = await throughL1()
    assert.equal(refused.error, 'GasMissingError')
    assert.match(refused.message, /has 0 ETH on L2 and needs up to .*--through-l1/)
    assert.equal(plan?.direction, 'force-withdraw')
    assert.match(JSON.stringify(plan?.estimate), /"name":"finalise"/)
  })

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
