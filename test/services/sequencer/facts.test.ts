import assert from 'node:assert/strict'
import { createPublicClient, custom } from 'viem'
import { withdrawEtherCall } from '../../../bridge/actions.ts'
import { readWithdrawalFacts, withdrawalsOf } from '../../../bridge/observe.ts'
import { type Facts, factsAt } from '../../../services/sequencer/facts.ts'
import { type BridgedPair, startBridgedPair } from '../../bridge/bridgedPair.ts'

describe('facts', function () {
  this.timeout(120_000)
  let chains: BridgedPair

  before(async () => {
    chains = await startBridgedPair()
  })
  after(() => chains.stop())

  it('are asked once for a block of L1, are what L1 says at it, and are asked again after an error', async () => {
    const { l1, manifest, account, send, propose, wait } = chains
    const receipt = await send('l2', withdrawEtherCall({ amount: 1n, to: account }))
    const [withdrawal] = withdrawalsOf(receipt)
    assert.ok(withdrawal)
    let requests = 0
    let broken = false
    const request: typeof l1.request = (async (args: never) => {
      requests += 1
      if (broken) throw new Error('the node is away')
      return l1.request(args)
    }) as never
    const facts: Facts = new Map()
    const network = {
      l1: createPublicClient({ transport: custom({ request }, { retryCount: 0 }) }),
      facts,
      manifest,
    }
    const { contracts } = manifest.l1
    const head = async () => {
      const { number, hash } = await l1.getBlock()
      return { number, hash }
    }

    const early = await head()
    const before = await factsAt(network, withdrawal, early)
    assert.equal(before.covered, false)
    const once = requests
    await Promise.all([factsAt(network, withdrawal, early), factsAt(network, withdrawal, early)])
    assert.equal(requests, once)

    await propose()
    const late = await head()
    broken = true
    await assert.rejects(factsAt(network, withdrawal, late))
    broken = false
    const expected = await readWithdrawalFacts(l1, { contracts, withdrawal, blockNumber: late.number })
    assert.deepEqual(await factsAt(network, withdrawal, late), expected)
    assert.equal(expected.covered, true)
    assert.equal((await factsAt(network, withdrawal, early)).covered, false)

    for (let blocks = 0; blocks < 8; blocks++) {
      await wait(1)
      await factsAt(network, withdrawal, await head())
    }
    assert.ok(facts.size < 8, 'blocks of long ago are forgotten')
  })
})
