import assert from 'node:assert/strict'
import { parseEther } from 'viem'
import { eventually, type RunningNetwork } from '../../support/network.ts'
import { freshSync } from './freshSync.ts'
import { type Guard, reorganiseUnder, startGuard } from './guard.ts'
import { endStory, startStory, syncStatus } from './stage.ts'

/** L1 blocks under L2 that a sequencer service with this policy follows. */
const policy = 7
/** All of them in a campaign; two in the course of CI. */
const followed = process.env.HASHSAND_CAMPAIGN === undefined ? [1, policy] : [1, 2, 5, policy - 1, policy]

describe('a sequencer service with a policy, on engine op-stack', function () {
  this.timeout(480_000)
  this.bail(true)
  let network: RunningNetwork
  let guard: Guard

  before(async function () {
    network = await startStory(this)
    guard = await startGuard(network, policy)
  })
  after(async () => {
    await guard?.stop()
    await endStory(network)
  })

  /** What is newest on L2 now gets safe. */
  async function safeAgain(): Promise<void> {
    const status = () => syncStatus(network)
    const target = (await eventually(status, 'op-node', 60)).unsafe_l2.number
    await eventually(async () => (await status()).safe_l2.number >= target, 'the safe head', 60)
  }

  async function deposit(): Promise<void> {
    const depositor = await network.newUser({ ether: parseEther('1') })
    const to = network.manifest.l1.contracts.OptimismPortal
    await network.send(depositor, 'l1', { to, data: '0x', value: 1n })
  }

  for (const depth of followed) {
    it(`follows where L1 takes back ${depth} blocks under L2, with a policy of ${policy}`, async () => {
      await deposit()
      await reorganiseUnder(network, guard, depth)
      await safeAgain()
      await eventually(() => guard.isLevel(), 'the guard again', 60)
      await freshSync(network)
    })
  }

  it(`halts with its reason where L1 takes back ${policy + 1}, and L2 goes on`, async () => {
    await deposit()
    await reorganiseUnder(network, guard, policy + 1)
    await safeAgain()
    const { code, words } = await guard.ended()
    assert.equal(code, 70, words.slice(-2_000))
    assert.match(words, new RegExp(`took back ${policy + 1} blocks that L2 stands on, and at most ${policy}`))
  })
})
