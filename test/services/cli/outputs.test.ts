import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, parseEther, toHex } from 'viem'
import { proposeOutputCall } from '../../../bridge/forced.ts'
import type { Context } from '../../../services/cli/context.ts'
import { stateFolder } from '../../../services/cli/devnet/profile.ts'
import { claimBonds, listBonds, settleBond } from '../../../services/cli/outputs/bonds.ts'
import {
  BalanceTooSmallError,
  BondOpenError,
  NoReplicaUrlsError,
  NoSuchBondError,
  NothingToClaimError,
  NotSafeOnReplicaError,
  ProposalTooEarlyError,
  RefusedByL1Error,
  ReplicaDisagreesError,
  ReplicaPositionError,
} from '../../../services/cli/outputs/errors.ts'
import { listOutputs } from '../../../services/cli/outputs/list.ts'
import { type ProposeOptions, propose } from '../../../services/cli/outputs/propose.ts'
import { costOf } from '../../../services/cli/outputs/send.ts'
import {
  deleteOutputs,
  finalizationPeriodSeconds,
  silenceSeconds,
  startWatcherNetwork,
  type WatcherNetwork,
  wrongRoot,
} from '../watcherNetwork.ts'

const bond = parseEther('0.5')

// Somebody with a replica keeps L2's outputs coming when the operator does not, and gets his bond back.
describe('hashsand outputs', function () {
  this.timeout(60_000)
  let network: WatcherNetwork
  let results: Record<string, unknown>[]
  let texts: string[]
  let told: string[]

  before(async () => {
    network = await startWatcherNetwork()
  })
  after(() => network.close())
  let start: Hash
  beforeEach(async () => {
    Object.assign(network.node, { safe: undefined, derived: undefined, behind: 1n })
    network.node.outputAt.clear()
    ;[results, texts, told] = [[], [], []]
    start = await network.l1Node.rpc<Hash>('evm_snapshot')
  })
  afterEach(() => network.l1Node.rpc('evm_revert', start))

  let wallets = 0
  /** Nothing of one test is left in the wallets of the next. */
  const context = (): Context => ({
    manifestPath: network.manifestPath,
    folder: { ...stateFolder(network.dir), root: join(network.dir, `wallets-${wallets++}`) },
    output: {
      json: true,
      result: (fields, text) => {
        results.push(fields)
        texts.push(text)
      },
      progress: (text) => told.push(text),
      frame: () => undefined,
      done: () => {},
    },
  })
  const replica = () => ({ replicaL2: network.l2Node.url, replicaNode: network.node.url })
  const run = (options: Partial<ProposeOptions> = {}) =>
    propose(context(), network.manifest, { as: 'user', ...replica(), ...options })

  /** L1 goes on while a command waits. */
  async function mining<Value>(work: Promise<Value>, seconds = 1): Promise<Value> {
    let busy = true
    const done = work.finally(() => {
      busy = false
    })
    done.catch(() => {})
    while (busy) {
      await network.mine(seconds)
      await Promise.race([done.catch(() => {}), sleep(50)])
    }
    return done
  }
  async function proposed(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      await network.propose()
      await network.mine()
    }
  }

  it('says beforehand when and for how much, and sends nothing unless told', async () => {
    await proposed(2)
    await run()
    const [plan] = results
    assert.equal(plan?.stakeWei, bond)
    assert.equal(plan?.index, 2n)
    assert.equal(plan?.obstacle, 'ProposalTooEarlyError')
    assert.match(texts[0] ?? '', /stakes 0.5 ETH/)
    assert.match(texts[0] ?? '', /lost to the challenger when an output with another root/)
    assert.match(told[0] ?? '', /The operator is not silent: its last output came \d s ago/)
    await assert.rejects(run({ send: true }), ProposalTooEarlyError)

    await network.mine(silenceSeconds)
    await run()
    assert.equal(results.at(-1)?.obstacle, undefined)
    assert.equal(told.at(-1), 'Nothing was sent. Add --send to do it.')
    assert.equal((await network.outputs()).length, 2)
  })

  it('proposes the right root, and the bond comes back', async () => {
    await proposed(1)
    await network.mine(silenceSeconds)
    await mining(run({ send: true }))
    const [, output] = await network.outputs()
    assert.equal(output?.root, results[0]?.root)

    await listOutputs(context(), network.manifest, 10)
    const [newest, oldest] = results.slice(-2)
    assert.deepEqual([newest?.by, newest?.bondId, oldest?.by], ['stranger', 0n, 'operator'])
    assert.equal(newest?.proposer, network.keys.user.address)
    const { blockNumber } = await network.l1.getTransactionReceipt({ hash: newest?.transaction as Hash })
    assert.equal(newest?.l1Block, blockNumber)

    await listBonds(context(), network.manifest, { as: 'user' })
    assert.equal(results.at(-1)?.state, 'open')
    await assert.rejects(
      settleBond(context(), network.manifest, '0', { as: 'user', send: true }),
      BondOpenError,
    )
    await network.mine(finalizationPeriodSeconds + 2)
    await listBonds(context(), network.manifest, { as: 'user' })
    assert.deepEqual([results.at(-1)?.state, results.at(-1)?.isReturned], ['settleable', true])

    await mining(settleBond(context(), network.manifest, '0', { as: 'buyer', send: true }))
    await listBonds(context(), network.manifest, { as: 'user' })
    assert.equal(results.at(-2)?.state, 'returned')
    assert.equal(results.at(-1)?.creditWei, bond)
    const to = network.keys.guardian.address
    const before = await network.l1.getBalance({ address: to })
    await mining(claimBonds(context(), network.manifest, { as: 'user', to, send: true }))
    assert.equal((await network.l1.getBalance({ address: to })) - before, bond)
    await assert.rejects(claimBonds(context(), network.manifest, { as: 'user' }), NothingToClaimError)
  })

  it('loses the bond of a wrong root to the challenger', async () => {
    await network.mine(silenceSeconds)
    await network.propose(wrongRoot, 'buyer', bond)
    await network.mine()
    await deleteOutputs(network, 0n)
    await network.mine()
    await mining(run({ send: true }))
    await network.mine(finalizationPeriodSeconds + 2)

    await listBonds(context(), network.manifest, { as: 'user', all: true })
    assert.deepEqual(
      results.slice(-2).map(({ state, isReturned }) => [state, isReturned]),
      [
        ['settleable', false],
        ['settleable', true],
      ],
    )
    await mining(settleBond(context(), network.manifest, '0', { as: 'user', send: true }))
    await listBonds(context(), network.manifest, { as: 'buyer' })
    assert.equal(results.at(-1)?.state, 'lost')
    await assert.rejects(settleBond(context(), network.manifest, '0', { as: 'user' }), NoSuchBondError)
    const { challenger } = network.keys
    const before = await network.l1.getBalance({ address: challenger.address })
    await mining(claimBonds(context(), network.manifest, { as: 'challenger', send: true }))
    assert.ok((await network.l1.getBalance({ address: challenger.address })) > before)
  })

  it('waits until it is allowed, and tells what for', async () => {
    await proposed(1)
    network.node.behind = 0n
    const work = mining(run({ send: true, wait: true }), 10)
    await sleep(500)
    network.node.behind = 1n
    await work
    assert.equal((await network.outputs()).length, 2)
    assert.match(told[0] ?? '', /The operator is not silent/)
  })

  it('lets the operator propose at any time, and stake nothing', async () => {
    await proposed(1)
    await mining(run({ send: true, as: 'proposer' }))
    assert.equal(results[0]?.stakeWei, 0n)
    assert.equal((await network.outputs()).length, 2)
  })

  it('proposes nothing that it can’t stand for', async () => {
    await network.mine(silenceSeconds)
    const refused = async (kind: new (...given: never[]) => Error, options: Partial<ProposeOptions> = {}) => {
      await assert.rejects(run({ send: true, ...options }), (error) => {
        assert.ok(error instanceof kind, String(error))
        assert.ok(!error.message.includes('\n'))
        return true
      })
    }
    network.node.safe = 0n
    await refused(NotSafeOnReplicaError)
    network.node.safe = undefined
    network.node.outputAt.set(1n, wrongRoot)
    await refused(ReplicaDisagreesError)
    network.node.outputAt.clear()
    network.node.behind = 0n
    await refused(ReplicaPositionError)
    network.node.derived = { number: 10, hash: wrongRoot }
    await refused(ReplicaPositionError)
    network.node.derived = undefined
    network.node.behind = 1n
    const { address } = network.keys.lp
    await network.l1Node.rpc('anvil_setBalance', address, toHex(bond / 2n))
    await run({ as: 'lp' })
    assert.equal(results.at(-1)?.obstacle, 'BalanceTooSmallError')
    await refused(BalanceTooSmallError, { as: 'lp' })
    await network.l1Node.rpc('anvil_setBalance', address, toHex(bond + 1n))
    await refused(BalanceTooSmallError, { as: 'lp' })
    await assert.rejects(propose(context(), network.manifest, { as: 'user' }), NoReplicaUrlsError)
    assert.equal((await network.outputs()).length, 0)
  })

  it('names the reason for which L1 would refuse a call', async () => {
    await proposed(1)
    const { l1, manifest, keys } = network
    const { hash, number } = await l1.getBlock({ blockNumber: (await l1.getBlockNumber()) - 1n })
    const l1Block = { hash, number }
    const call = proposeOutputCall({ manifest, root: wrongRoot, l2BlockNumber: 2n, l1Block, bond })
    await assert.rejects(costOf(l1, keys.user.address, call), (error) => {
      assert.ok(error instanceof RefusedByL1Error)
      return error.message.includes('OperatorNotSilent')
    })
    const twice = proposeOutputCall({ manifest, root: wrongRoot, l2BlockNumber: 1n, l1Block, bond: 0n })
    await assert.rejects(costOf(l1, keys.proposer.address, twice), /block number must be equal to next/)
  })

  it('says an error in one line, with a code', async () => {
    const script = join(import.meta.dirname, '..', '..', '..', 'services', 'cli', 'hashsand.js')
    const words = ['outputs', 'settle', '7', '--state', network.dir, '--manifest', network.manifestPath]
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
      // A CI asks for colours, which stand between the words.
      execFile(
        process.execPath,
        [script, ...words],
        { env: { ...process.env, NO_COLOR: '1' } },
        (error, _, said) => resolve({ code: error?.code, stderr: said }),
      ),
    )
    assert.equal(code, 70)
    assert.match(stderr, /^error There is no bond 7 that waits to be settled\. .*\n$/)
  })
})
