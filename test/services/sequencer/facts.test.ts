import assert from 'node:assert/strict'
import { createPublicClient, custom } from 'viem'
import { withdrawEtherCall } from '../../../bridge/actions.ts'
import { readWithdrawalFacts, withdrawalsOf } from '../../../bridge/observe.ts'
import type { Withdrawal } from '../../../bridge/withdrawal.ts'
import { factsAt, openFacts } from '../../../services/sequencer/facts.ts'
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
    const facts = openFacts({
      l1: createPublicClient({ transport: custom({ request }, { retryCount: 0 }) }),
      manifest: { ...manifest, name: 'test' },
      gathers: false,
    })
    const { contracts } = manifest.l1
    const head = async () => {
      const { number, hash } = await l1.getBlock()
      return { number, hash }
    }

    const early = await head()
    const before = await factsAt(facts, withdrawal, early)
    assert.equal(before.covered, false)
    const once = requests
    await Promise.all([factsAt(facts, withdrawal, early), factsAt(facts, withdrawal, early)])
    assert.equal(requests, once)

    await propose()
    const late = await head()
    broken = true
    await assert.rejects(factsAt(facts, withdrawal, late))
    broken = false
    const expected = await readWithdrawalFacts(l1, { contracts, withdrawal, blockNumber: late.number })
    assert.deepEqual(await factsAt(facts, withdrawal, late), expected)
    assert.equal(expected.covered, true)
    assert.equal((await factsAt(facts, withdrawal, early)).covered, false)

    for (let blocks = 0; blocks < 8; blocks++) {
      await wait(1)
      await factsAt(facts, withdrawal, await head())
    }
    assert.ok(facts.known.size < 8, 'blocks of long ago are forgotten')
  })

  it('of many withdrawals take few requests, and are what L1 says of each', async () => {
    const { l1, manifest, account, send, propose, wait } = chains
    const withdrawals: Withdrawal[] = []
    for (let amount = 1n; amount <= 30n; amount++) {
      withdrawals.push(...withdrawalsOf(await send('l2', withdrawEtherCall({ amount, to: account }))))
      if (amount === 20n) await propose()
    }
    await wait(1)
    const calls: string[] = []
    const request: typeof l1.request = (async (args: never) => {
      calls.push((args as { method: string }).method)
      return l1.request(args)
    }) as never
    const counted = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) })
    const facts = openFacts({ l1: counted, manifest: { ...manifest, name: 'test' }, gathers: true })
    const head = await l1.getBlock()
    const found = await Promise.all(withdrawals.map((withdrawal) => factsAt(facts, withdrawal, head)))
    assert.ok(calls.length <= 2, `${calls.length} requests for ${withdrawals.length} withdrawals`)
    const { contracts } = manifest.l1
    for (const [at, withdrawal] of withdrawals.entries()) {
      const alone = await readWithdrawalFacts(l1, { contracts, withdrawal, blockNumber: head.number })
      assert.deepEqual(found[at], alone)
    }
    assert.deepEqual([...new Set(found.map(({ covered }) => covered))].sort(), [false, true])
  })
})
