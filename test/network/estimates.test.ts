import assert from 'node:assert/strict'
import { parseEther } from 'viem'
import { depositErc20Call, withdrawErc20Call } from '../../bridge/actions.ts'
import { type Estimate, estimateDeposit, estimateWithdrawal, type Step } from '../../bridge/estimates.ts'
import { depositsOf, readWithdrawalState, receiptOf, withdrawalsOf } from '../../bridge/observe.ts'
import { eventually, type RunningNetwork } from '../support/network.ts'
import { sharedNetwork, story } from '../support/sharedNetwork.ts'

// What was told beforehand, and what L1's clock says when it is so. That it can't be later while everybody works: bridge/waits.test.ts.

/** L1 time when each step was seen to be over. */
type Seen = Partial<Record<Step['name'], bigint>>

const timeOf = async ({ l1 }: RunningNetwork) => (await l1.getBlock()).timestamp

const inside = story(async (network) => {
  const { manifest, wbtc, newUser, l1, l2, send, patience } = network
  const user = await newUser({ l1Wbtc: 300n })
  const estimate = await estimateDeposit({ l1, l2 }, { manifest, cargo: 'erc20' })
  const call = depositErc20Call({ manifest, token: wbtc.l1, amount: 300n, to: user.address })
  const receipt = await send(user, 'l1', call)
  const seen: Seen = { deposit: (await l1.getBlock({ blockNumber: receipt.blockNumber })).timestamp }
  const [deposit] = depositsOf(receipt, manifest.l1.contracts.OptimismPortal)
  assert.ok(deposit)
  await eventually(() => receiptOf(l2, deposit.hash), 'the deposit on L2', patience.depositSeconds)
  seen.arrive = await timeOf(network)
  return { estimate, seen }
})

const outside = story(async (network) => {
  const { manifest, wbtc, newUser, l1, l2, send, patience } = network
  const user = await newUser({ ether: parseEther('1'), wbtc: 300n })
  const call = withdrawErc20Call({ manifest, token: wbtc.l2, amount: 300n, to: user.address })
  const estimate = await estimateWithdrawal({ l1, l2 }, { manifest, call, account: user.address })
  const [withdrawal] = withdrawalsOf(await send(user, 'l2', call))
  assert.ok(withdrawal)
  const seen: Seen = { initiate: await timeOf(network) }
  const steps = { propose: 'covered', prove: 'proven', finalise: 'finalised' } as const
  const states = ['seen', 'covered', 'proven', 'mature', 'finalised']
  for (const name of ['propose', 'prove', 'finalise'] as const) {
    await eventually(
      async () => {
        const state = await readWithdrawalState(l1, { contracts: manifest.l1.contracts, withdrawal })
        return states.indexOf(state) >= states.indexOf(steps[name])
      },
      `the withdrawal to be ${steps[name]}`,
      patience.finalSeconds,
    )
    seen[name] = await timeOf(network)
  }
  return { estimate, seen }
})

/** A machine that is busy with other things is no chain on which everybody works. */
const busySeconds = 30n

function assertInTime({ estimate, seen }: { estimate: Estimate; seen: Seen }): void {
  for (const { name, over } of estimate.steps) {
    const at = seen[name]
    assert.ok(at !== undefined, name)
    assert.ok(at >= over.leastAt, `${name} at ${at}, at least ${over.leastAt} was told`)
    assert.ok(at <= over.expectedAt + busySeconds, `${name} at ${at}, ${over.expectedAt} was told`)
  }
}

describe('estimates on a network', function () {
  this.timeout(600_000)
  sharedNetwork()

  it('tells of a deposit when it will be on L2', async () => {
    assertInTime(await inside())
  })

  it('tells of a withdrawal when each of its steps will be over', async () => {
    assertInTime(await outside())
  })
})
