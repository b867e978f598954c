import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { erc20Abi, type Hash } from 'viem'
import { readWithdrawalState, withdrawalsOf } from '../../bridge/observe.ts'
import { createOptimismClient, type OptimismClient } from '../../bridge/optimism.ts'
import { sdkWithdrawalStatus } from '../../bridge/status.ts'
import { readManifest } from '../../chain/manifest.ts'
import { minedOn, startTestNetwork, type TestNetwork, until } from '../services/sequencerNetwork.ts'

// Somebody who has the SDK and the manifest, and nothing else of ours. The service only watches. With a service that acts, on both
// engines: network/optimism.test.ts.
describe('optimism', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let sdk: OptimismClient

  before(async () => {
    network = await startTestNetwork({ HASHSAND_RELAY: 'off' })
    const manifest = await readManifest(`${network.dir}/manifest.json`)
    sdk = createOptimismClient({ manifest, privateKey: network.userKey })
    const { wbtc, l2, keys } = network
    await sdk.depositErc20({ l1Token: wbtc.l1, l2Token: wbtc.l2, amount: 7_000n })
    const token = { address: wbtc.l2, abi: erc20Abi } as const
    await until(
      async () =>
        (await l2.readContract({ ...token, functionName: 'balanceOf', args: [keys.user.address] })) > 0n,
      'coins to withdraw',
    )
  })
  after(() => network.close())

  /** Both answers for one L1 head, whenever it did not move between them. */
  const agree = async (transaction: Hash, ours: () => Promise<[string, number]>) => {
    const before = await network.l1.getBlockNumber({ cacheTime: 0 })
    const [state, status] = await ours()
    const sdkStatus = await sdk.status(transaction)
    const [again] = await ours()
    const after = await network.l1.getBlockNumber({ cacheTime: 0 })
    if (before !== after || again !== state) return undefined
    assert.equal(sdkStatus, status, `the SDK says ${sdkStatus}, we say ${state}`)
    return state
  }

  it('withdraws a token alone, and agrees with us in every state', async () => {
    const { wbtc, keys, l1, l2, manifest } = network
    const user = keys.user.address
    const token = { address: wbtc.l1, abi: erc20Abi } as const
    const balance = () => l1.readContract({ ...token, functionName: 'balanceOf', args: [user] })
    const before = await balance()
    const begun = await sdk.withdrawErc20({ l1Token: wbtc.l1, l2Token: wbtc.l2, amount: 3_000n })
    const [withdrawal] = withdrawalsOf(await minedOn(l2, begun))
    assert.ok(withdrawal)

    const passed: string[] = []
    const ours = async (): Promise<[string, number]> => {
      const state = await readWithdrawalState(l1, { contracts: manifest.l1.contracts, withdrawal })
      return [state, sdkWithdrawalStatus(state)]
    }
    const acted = new Set<string>()
    for (let round = 0; round < 600 && passed.at(-1) !== 'finalised'; round++) {
      const state = await agree(begun, ours)
      if (state !== undefined && state !== passed.at(-1)) passed.push(state)
      const act = { covered: sdk.prove, mature: sdk.finalise }[state ?? '']
      if (state !== undefined && act !== undefined && !acted.has(state)) {
        // The SDK calls a withdrawal ready one second before an estimate succeeds.
        await act(begun).then(
          () => acted.add(state),
          () => {},
        )
      }
      await sleep(40)
    }
    assert.deepEqual(
      passed.filter((state) => state !== 'seen'),
      ['covered', 'proven', 'mature', 'finalised'],
    )
    assert.equal((await balance()) - before, 3_000n)
    await until(async () => {
      const message = await network.ask<{ state: string }>(`/v1/messages/${withdrawal.hash}`)
      return message.state === 'finalised'
    }, 'the watching service knows')
  })

  it('has proofs from the front for a height whose state the node no longer holds', async () => {
    const { wbtc, l1, l2, manifest } = network
    const begun = await sdk.withdrawErc20({ l1Token: wbtc.l1, l2Token: wbtc.l2, amount: 1_000n })
    const [withdrawal] = withdrawalsOf(await minedOn(l2, begun))
    assert.ok(withdrawal)
    const state = () => readWithdrawalState(l1, { contracts: manifest.l1.contracts, withdrawal })
    await until(async () => (await state()) === 'covered', 'a root')
    await network.killAll()
    await sdk.prove(begun)
    await until(async () => ['proven', 'mature'].includes(await state()), 'the proof')
  })
})
