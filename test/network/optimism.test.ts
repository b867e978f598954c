import assert from 'node:assert/strict'
import { type Hash, parseEther } from 'viem'
import { depositsOf, readDepositState, readWithdrawalState, withdrawalsOf } from '../../bridge/observe.ts'
import { createOptimismClient, type OptimismClient } from '../../bridge/optimism.ts'
import { sdkDepositStatus, sdkWithdrawalStatus } from '../../bridge/status.ts'
import { eventually, mined, type RunningNetwork } from '../support/network.ts'
import { sharedNetwork, story } from '../support/sharedNetwork.ts'

// Somebody who has the SDK and the manifest, and nothing else of ours, while the sequencer service is at work.

type Answer = { state: string; sdkStatus: number }

/** Both answers, whenever ours was the same before and after the SDK's, until the message is at its end. */
async function statesBothTell(
  { sdk, hash, ours }: { sdk: OptimismClient; hash: Hash; ours: () => Promise<Answer> },
  seconds: number,
  onState: (state: string) => Promise<unknown> = async () => {},
): Promise<string[]> {
  const agreed: string[] = []
  // Not waited for in between: a state may last a few seconds only.
  const acts: Promise<unknown>[] = []
  await eventually(
    async () => {
      const [before, sdkStatus, after] = [await ours(), await sdk.status(hash), await ours()]
      if (before.state !== after.state) return
      if (sdkStatus !== before.sdkStatus)
        return [...agreed, `${before.state}, which the SDK calls ${sdkStatus}`]
      if (agreed.at(-1) !== before.state) {
        agreed.push(before.state)
        acts.push(onState(before.state))
      }
      return before.state === 'final' || before.state === 'finalised' ? agreed : undefined
    },
    `the end of ${hash}`,
    seconds,
  ).then((told) => assert.deepEqual(told, agreed))
  await Promise.all(acts)
  return agreed
}

async function followDeposit(network: RunningNetwork, sdk: OptimismClient, hash: Hash): Promise<string[]> {
  const { l1, l2, manifest, patience } = network
  const [deposit] = depositsOf(await mined(network, 'l1', hash), manifest.l1.contracts.OptimismPortal)
  assert.ok(deposit)
  const ours = async () => {
    const state = await readDepositState({ l1, l2 }, deposit)
    return { state, sdkStatus: sdkDepositStatus(state) }
  }
  return statesBothTell({ sdk, hash, ours }, patience.depositSeconds)
}

const deposits = story(async (network) => {
  const { manifest, wbtc, newUser } = network
  const { privateKey, address } = await newUser({ l1Wbtc: 7_000n })
  const sdk = createOptimismClient({ manifest, privateKey })
  const tokens = await sdk.depositErc20({ l1Token: wbtc.l1, l2Token: wbtc.l2, amount: 7_000n })
  await mined(network, 'l1', tokens)
  const ether = await sdk.depositEther(parseEther('2'))
  const told = [await followDeposit(network, sdk, tokens), await followDeposit(network, sdk, ether)]
  return { told, ether: await network.l2.getBalance({ address }) }
})

const withdrawal = story(async (network) => {
  const { manifest, wbtc, newUser, l1, patience } = network
  const { privateKey } = await newUser({ ether: parseEther('1'), wbtc: 3_000n })
  const sdk = createOptimismClient({ manifest, privateKey })
  const hash = await sdk.withdrawErc20({ l1Token: wbtc.l1, l2Token: wbtc.l2, amount: 3_000n })
  const [begun] = withdrawalsOf(await mined(network, 'l2', hash))
  assert.ok(begun)
  const ours = async () => {
    const state = await readWithdrawalState(l1, { contracts: manifest.l1.contracts, withdrawal: begun })
    return { state, sdkStatus: sdkWithdrawalStatus(state) }
  }
  // The service does the same meanwhile: whoever comes second is refused, and nothing is lost.
  const act = async (state: string) => {
    if (state === 'covered') await sdk.prove(hash).catch(() => {})
    if (state === 'mature') await sdk.finalise(hash).catch(() => {})
  }
  return statesBothTell({ sdk, hash, ours }, patience.finalSeconds, act)
})

describe('the SDK of others', function () {
  this.timeout(600_000)
  sharedNetwork()

  it('deposits a token and ether, and agrees with us in every state', async () => {
    const { told, ether } = await deposits()
    assert.equal(ether, parseEther('2'))
    for (const states of told) assert.equal(states.at(-1), 'final', states.join(' '))
  })

  it('withdraws a token, and agrees with us in every state', async () => {
    const states = await withdrawal()
    assert.equal(states.at(-1), 'finalised', states.join(' '))
    assert.ok(states.includes('proven'), states.join(' '))
  })
})
