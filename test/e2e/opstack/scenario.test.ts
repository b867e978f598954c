import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublicClient, http, type PublicClient, parseEther } from 'viem'
import { receiptOf } from '../../../bridge/observe.ts'
import { pidsOf } from '../../chain/engine/opstack/fixture.ts'
import { hashsand } from '../../support/devnet.ts'
import { eventually, type RunningNetwork, startNetwork } from '../../support/network.ts'
import { assertOnce } from '../../support/once.ts'
import { assertParts } from '../../support/parts.ts'
import { freshSync } from './freshSync.ts'
import { type Load, startLoad } from './load.ts'
import {
  type Component,
  components,
  endStory,
  engineDir,
  finalizationPeriodSeconds,
  killEverything,
  type Reorganisation,
  reorganise,
  signalTo,
  startStory,
  syncStatus,
} from './stage.ts'
import {
  canFinalise,
  incidentOf,
  nextBlock,
  nextIndex,
  proposeAndProve,
  provenRoot,
  withdraw,
} from './wrongRoot.ts'

// One chain from its first block. First everything that runs is killed while the demo walks its path; then L1 takes blocks back under
// load; then somebody has the proposer's key. The loss of its operator: gone.test.ts, beside this one.

/** All six in a campaign; three in the course of CI. */
const reorganisations: readonly Reorganisation[] = [
  { depth: 1, isReturned: true },
  { depth: 3, isReturned: false },
  { depth: 10, isReturned: true },
  ...(process.env.HASHSAND_CAMPAIGN === undefined
    ? []
    : [
        { depth: 1, isReturned: false },
        { depth: 3, isReturned: true },
        { depth: 10, isReturned: false },
      ]),
]

describe('the life of a chain on engine op-stack', function () {
  this.timeout(480_000)
  this.bail(true)
  let network: RunningNetwork
  let load: Load | undefined

  before(async function () {
    network = await startStory(this)
  })
  after(async () => {
    await load?.stop().catch(() => {})
    await endStory(network)
  })

  const port = (offset: number) => `http://127.0.0.1:${network.box.basePort + offset}`
  const status = () => syncStatus(network)
  const replica = (): PublicClient => createPublicClient({ transport: http(port(1_010)), cacheTime: 0 })
  const replicaStatus = () => syncStatus(network, 1_011)

  /** What is newest now gets safe, and the replica has it. */
  async function safeAgain(seconds: number): Promise<number> {
    const began = Date.now()
    const { unsafe_l2 } = await eventually(() => status(), 'op-node', seconds)
    const target = unsafe_l2.number
    await eventually(async () => (await status()).safe_l2.number >= target, 'the safe head', seconds)
    return (Date.now() - began) / 1_000
  }

  /** Sequencer and replica have the same chain, as far as the replica has come. */
  async function assertSame(): Promise<void> {
    const { safe_l2 } = await replicaStatus()
    for (let number = 0; number <= safe_l2.number; number++) {
      const query = { blockNumber: BigInt(number) }
      const [own, theirs] = await Promise.all([network.l2.getBlock(query), replica().getBlock(query)])
      assert.deepEqual([own.hash, own.stateRoot], [theirs.hash, theirs.stateRoot], `L2 block ${number}`)
    }
  }

  it('lets the demo finish across kill -9 of each part and of all at once, with every message executed once', async () => {
    const demo = hashsand([...network.box.args, 'demo', '--attach'])
    await demo.line(({ step }) => step === 'payout')
    const moments: string[] = []
    for (const component of components) {
      await sleep(2_000 + Math.random() * 6_000)
      moments.push(`${component} after step ${demo.lines.at(-1)?.step}`)
      const before = pidsOf(engineDir(network.box), component)
      signalTo(network.box, component, 'SIGKILL')
      await eventually(async () => isAnother(before, component), `${component} again`, 60)
    }
    await sleep(Math.random() * 6_000)
    moments.push(`all after step ${demo.lines.at(-1)?.step}`)
    await killEverything(network)
    network = await startNetwork({ engine: 'op-stack', box: network.box })
    assert.equal(await demo.ended, 0, `killed: ${moments.join(', ')}\n${demo.stderr()}`)
    assert.equal(demo.lines.at(-1)?.balanced, true)
    await assertParts(network.manifest, demo.lines)
    await assertOnce(network.manifest)
    await assertBalanced()
  })

  /** Minted on L2 = locked on L1 - in flight, for ether and WBTC, as the sequencer service watches it. */
  async function assertBalanced(): Promise<void> {
    type Supply = { symbol: string; balanced: boolean }
    const supplies = async () => (await network.ask<{ supply?: Supply[] }>('/v1/status')).supply
    const found = await eventually(supplies, 'the supply of both tokens', 60)
    assert.deepEqual(
      found.map(({ symbol, balanced }) => [symbol, balanced]),
      [
        ['ETH', true],
        ['WBTC', true],
      ],
    )
  }

  const isAnother = (before: readonly number[], component: Component) =>
    pidsOf(engineDir(network.box), component).some((pid) => !before.includes(pid))

  it('loses nothing that was acknowledged when L1 takes blocks back', async () => {
    const [sender, depositor] = [
      await network.newUser({ ether: parseEther('1') }),
      await network.newUser({ ether: parseEther('1') }),
    ]
    load = startLoad(network, sender)
    for (const reorganisation of reorganisations) {
      // As old as the deepest, so that each has something to take back.
      await sleep(4_000)
      const deposit = network.send(depositor, 'l1', {
        to: network.manifest.l1.contracts.OptimismPortal,
        data: '0x',
        value: 1n,
      })
      await deposit
      const gone = await reorganise(network.l1, network.manifest.l1.rpcUrl, reorganisation)
      const name = `${reorganisation.depth}${reorganisation.isReturned ? '' : ', nothing returned'}`
      const seconds = await safeAgain(60)
      process.stdout.write(
        `      L1 took back ${name}: the safe head moved on after ${seconds.toFixed(0)} s\n`,
      )
      assert.equal(await receiptOrGone(gone), undefined)
      await allThere(load)
    }
    await load.stop()
    await allThere(load)
    await eventually(
      async () => (await replicaStatus()).safe_l2.number >= (await status()).safe_l2.number - 10,
      'the replica',
      60,
    )
    await assertSame()
    await freshSync(network)
    await assertBalanced()
  })

  const receiptOrGone = (hash: `0x${string}`) =>
    network.l1.getBlock({ blockHash: hash }).then(
      (block) => block.hash,
      () => undefined,
    )

  async function allThere({ acknowledged }: Load): Promise<void> {
    assert.ok(acknowledged.length > 0)
    for (const hash of [...acknowledged])
      await eventually(() => receiptOf(network.l2, hash), `acknowledged transaction ${hash}`, 60)
  }

  it("has a wrong root of the proposer's key deleted, and pays what was proven on it by the right one", async () => {
    const user = await network.newUser({ ether: parseEther('1') })
    // After a reorganisation many outputs are due at once: none of op-proposer's may be under way when it is stopped.
    const isAhead = async () => (await nextBlock(network)) > BigInt((await status()).safe_l2.number + 4)
    await eventually(isAhead, 'every output that is due', 120)
    const { withdrawal, to } = await withdraw(network, user, 21n)
    const { hash, origin } = withdrawal
    // The next output is the one that covers it: here op-proposer is stopped, as if somebody else had its key.
    await eventually(async () => (await nextBlock(network)) >= origin.blockNumber, 'the output before', 60)
    signalTo(network.box, 'op-proposer', 'SIGSTOP')
    const number = await nextBlock(network)
    // The oracle asks for a block that is older than the newest of L1.
    await eventually(async () => (await network.l2.getBlockNumber()) > number + 1n, `L2 block ${number}`, 60)
    const { wrong, index } = await proposeAndProve(network, { withdrawal, number, user })

    const { services } = network.manifest
    assert.ok(services.watcher !== undefined)
    const alerted = await incidentOf(services.watcher, wrong.root, 20)
    // It looks at each block of L1 once: the block of the proposal is the one at which it is found.
    assert.ok(Number(alerted.foundAt) - Number(alerted.proposedAt) <= 2, JSON.stringify(alerted))
    await eventually(async () => (await nextIndex(network)) <= index, 'the deletion', 30)
    assert.equal(await canFinalise(network, withdrawal), false)
    const { timestamp } = await network.l1.getBlock()
    assert.ok(Number(timestamp) < Number(alerted.proposedAt) + finalizationPeriodSeconds)

    signalTo(network.box, 'op-proposer', 'SIGCONT')
    await eventually(async () => (await nextIndex(network)) > index, 'the right output', 90)
    await eventually(async () => (await provenRoot(network, hash)) !== wrong.root, 'another proof', 60)
    const state = async () => (await network.ask<{ state: string }>(`/v1/messages/${hash}`)).state
    await eventually(async () => (await state()) === 'finalised', 'finalised', 2 * finalizationPeriodSeconds)
    assert.equal(await network.l1.getBalance({ address: to }), 21n)
    assert.equal((await incidentOf(services.watcher, wrong.root, 20)).state, 'deleted')
  })
})
