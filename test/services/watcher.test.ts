import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, keccak256, parseGwei, toHex } from 'viem'
import { ManifestMismatchError } from '../../chain/errors.ts'
import { createKeysFile } from '../../services/runtime/keys.ts'
import { createLog } from '../../services/runtime/log.ts'
import { createAlerts } from '../../services/watcher/alerts.ts'
import { type Deleter, openDeleter } from '../../services/watcher/deletion.ts'
import { WrongReplicaError } from '../../services/watcher/errors.ts'
import { createFollower } from '../../services/watcher/follow.ts'
import { createIncidents } from '../../services/watcher/incidents.ts'
import { awaitNetwork, openNetwork, type Urls } from '../../services/watcher/network.ts'
import { createOwnRoots } from '../../services/watcher/roots.ts'
import { type Status, statusOf } from '../../services/watcher/status.ts'
import { look, nothingSeen, type Watch } from '../../services/watcher/watch.ts'
import {
  deleteOutputs,
  finalizationPeriodSeconds,
  startHolder,
  startWatcherNetwork,
  startWatcherProcess,
  type WatcherNetwork,
  type WatcherProcess,
  wrongRoot,
} from './watcherNetwork.ts'

// L1 with the deployed contracts and an L2 node, both moved by hand. Only op-node is a stand-in: it says how far L1 has been derived.
describe('watcher', function () {
  this.timeout(60_000)
  let network: WatcherNetwork
  let start: Hash
  let open: Deleter[]
  let processes: WatcherProcess[]
  const log = createLog('test', 'silent')

  before(async () => {
    network = await startWatcherNetwork()
  })
  after(() => network.close())
  beforeEach(async () => {
    open = []
    processes = []
    start = await network.l1Node.rpc<Hash>('evm_snapshot')
    Object.assign(network.node, { safe: undefined, derived: undefined, silent: false })
    network.node.outputAt.clear()
  })
  afterEach(async () => {
    for (const deleter of open) await deleter.close()
    for (const { kill } of processes) await kill()
    await network.l1Node.rpc('evm_revert', start)
    await network.l1Node.rpc('anvil_dropAllTransactions')
  })

  const urls = (): Urls => ({
    HASHSAND_REPLICA_L2_RPC: network.l2Node.url,
    HASHSAND_REPLICA_NODE_RPC: network.node.url,
  })
  const startProcess = async (env: Record<string, string> = {}) => {
    const process = await startWatcherProcess(network, env)
    processes.push(process)
    return process
  }
  let folders = 0
  async function openWatch({
    key = true,
    confirmations = 0n,
    folder = `deletions-${folders++}`,
  } = {}): Promise<Watch> {
    const { manifest, keys, dir } = network
    const ours = openNetwork(manifest, urls())
    const incidents = createIncidents()
    const deleter = key
      ? await openDeleter({
          network: ours,
          account: keys.challenger,
          folder: join(dir, folder),
          log,
          signal: new AbortController().signal,
          onDeleted: incidents.deleted,
        })
      : undefined
    if (deleter !== undefined) open.push(deleter)
    const parts = { follow: createFollower(ours), roots: createOwnRoots(ours), alerts: createAlerts(log) }
    return { ...parts, network: ours, incidents, deleter, confirmations, log, seen: nothingSeen() }
  }

  const alertsOf = (watch: Watch) =>
    watch.alerts.all().map(({ name, severity }) => `${severity} ${name.split('-')[0]}`)
  const verdictsOf = (watch: Watch) => watch.seen.judged.map(({ verdict }) => verdict)
  const nonce = () => network.l1.getTransactionCount({ address: network.keys.challenger.address })
  const count = async () => (await network.outputs()).length
  /** Whether the challenger's transaction waits to be mined. */
  const isSent = async () =>
    (await network.l1.getTransactionCount({
      address: network.keys.challenger.address,
      blockTag: 'pending',
    })) > (await nonce())

  /** Proposes right outputs, a block of L1 each; `undefined` is a right one. */
  async function proposed(...roots: (Hash | undefined)[]): Promise<void> {
    for (const root of roots) {
      await network.propose(root)
      await network.mine()
    }
  }

  async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await condition()) return
      await sleep(50)
    }
    assert.fail(`not within 5 s: ${what}`)
  }

  /** Looks and mines until the list is this long. */
  async function lookUntil(watch: Watch, length: number): Promise<void> {
    await until(async () => {
      await look(watch)
      if (await isSent()) await network.mine()
      await look(watch)
      return (await count()) === length
    }, `${length} outputs`)
  }

  it('has nothing to say of right outputs', async () => {
    await proposed(undefined, undefined, undefined)
    const watch = await openWatch()
    await look(watch)
    await proposed(undefined)
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right', 'right', 'right'])
    assert.deepEqual(alertsOf(watch), [])
    assert.equal(statusOf(watch).lastJudgedL2Block, 4n)
    assert.equal(await isSent(), false)
  })

  it('tells of a wrong one in the first look at it, deletes it, and nothing before it', async () => {
    await proposed(undefined, undefined)
    const watch = await openWatch({ confirmations: 2n })
    await look(watch)
    const before = await network.outputs()
    await proposed(wrongRoot)
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['alert output.2'])
    await sleep(300)
    assert.equal(await isSent(), false, 'it is not deep enough')

    await proposed(undefined, undefined)
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right', 'wrong', 'right', 'right'])
    const [alert] = watch.alerts.all()
    assert.match(
      alert?.text ?? '',
      /Outputs 3 to 4 go with it, of them right: 3 \(L2 block 4\), 4 \(L2 block 5\)/,
    )
    await lookUntil(watch, 2)
    assert.deepEqual(await network.outputs(), before)
    await until(async () => {
      await look(watch)
      return watch.incidents.all()[0]?.state === 'deleted'
    }, 'the incident to be closed')
    assert.deepEqual(alertsOf(watch), [])

    await proposed(undefined, undefined)
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right', 'right', 'right'])
    assert.equal(await isSent(), false)
    assert.equal(await nonce(), 1)
  })

  it('deletes from the first wrong one on, and again what is wrong again', async () => {
    const watch = await openWatch()
    await proposed(undefined, wrongRoot, undefined, wrongRoot)
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['alert output.1', 'alert output.3'])
    await lookUntil(watch, 1)
    await proposed(wrongRoot)
    await lookUntil(watch, 1)
    assert.equal(await nonce(), 2)
  })

  it('waits half of the period for a block that the replica has not derived, and says so after a quarter', async () => {
    const watch = await openWatch()
    network.node.safe = 2n
    await proposed(undefined, undefined, undefined)
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right', 'pending'])
    assert.deepEqual(alertsOf(watch), [])

    await network.mine(finalizationPeriodSeconds / 4 + 2)
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['page replica.behind'])
    assert.match(watch.alerts.all()[0]?.text ?? '', /Output 2 for L2 block 3 counts as wrong in 19\d s/)
    await network.mine(finalizationPeriodSeconds / 4 + 2)
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right', 'underivable'])
    await lookUntil(watch, 2)
  })

  it('gives a replica that just came up the time to derive', async () => {
    network.node.safe = 1n
    await proposed(undefined, undefined)
    await network.mine(finalizationPeriodSeconds / 2 + 2)
    const watch = await openWatch()
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'pending'])
    await network.mine(finalizationPeriodSeconds / 8 + 2)
    network.node.safe = undefined
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right'])
  })

  it('calls for the guardian when a wrong one has matured, and sends nothing', async () => {
    await proposed(undefined, wrongRoot)
    await network.mine(finalizationPeriodSeconds + 2)
    const watch = await openWatch()
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'lost'])
    assert.deepEqual(alertsOf(watch), ['page output.1'])
    assert.match(watch.alerts.all()[0]?.text ?? '', /guardian has to pause/)
    await sleep(300)
    assert.equal(await isSent(), false)
  })

  it('says without a key what a person has to do, and until when', async () => {
    await proposed(undefined, wrongRoot)
    const watch = await openWatch({ key: false })
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['page output.1'])
    const { challenger } = network.keys
    const text = watch.alerts.all()[0]?.text ?? ''
    assert.ok(text.includes(`until then ${challenger.address} has to call deleteL2Outputs(1)`))
    assert.match(text, /It matures at L1 time \d+ \(.*Z\), in 800 s/)
    assert.equal(statusOf(watch).challenger?.here, false)
  })

  it('deletes nothing on the word of a replica that contradicts itself', async () => {
    const watch = await openWatch()
    await proposed(undefined, wrongRoot)
    network.node.outputAt.set(2n, wrongRoot)
    await look(watch)
    await until(async () => {
      await look(watch)
      return alertsOf(watch).includes('page deletion')
    }, 'the page')
    assert.equal(await isSent(), false)
    network.node.outputAt.clear()
    await lookUntil(watch, 1)
    await look(watch)
    assert.deepEqual(alertsOf(watch), [])
  })

  it('judges nothing while the replica is on another L1, and nothing on its silence', async () => {
    network.node.derived = { number: 10, hash: `0x${'33'.repeat(32)}` }
    await proposed(undefined, wrongRoot)
    await network.mine(finalizationPeriodSeconds / 2 + 2)
    const watch = await openWatch()
    for (const more of [1, 2, 3]) {
      await look(watch)
      await network.mine(50 * more)
    }
    assert.deepEqual(verdictsOf(watch), ['pending', 'pending'])
    assert.deepEqual(alertsOf(watch), [])
    network.node.silent = true
    watch.seen.replicaMs -= 120_000
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['page silent.replica'])
    network.node.silent = false
    network.node.derived = undefined
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'wrong'])
    assert.deepEqual(alertsOf(watch), ['alert output.1'])
  })

  it('deletes again what a reorganisation of L1 brings back', async () => {
    const watch = await openWatch()
    await proposed(undefined, wrongRoot)
    await lookUntil(watch, 1)
    await until(async () => {
      await look(watch)
      return watch.incidents.all()[0]?.state === 'deleted'
    }, 'the incident to be closed')
    await network.l1Node.rpc('anvil_reorg', 1, [])
    assert.equal(await count(), 2, 'the deletion is gone')
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['alert output.1'])
    await lookUntil(watch, 1)
    await sleep(300)
    assert.equal(await nonce(), 1, 'the same transaction')
    assert.equal(await isSent(), false, 'and no other')
  })

  it('lets no deletion outlive its output: a right one that comes to its index stays', async () => {
    const watch = await openWatch()
    await proposed(undefined, wrongRoot)
    await look(watch)
    await until(isSent, 'the deletion in the pool')
    // Too cheap to be mined from now on, it waits for better times.
    await network.l1Node.rpc('anvil_reorg', 1, [])
    await network.l1Node.rpc('anvil_setNextBlockBaseFeePerGas', toHex(parseGwei('100')))
    await network.mine()
    assert.equal(await count(), 1, 'the wrong one is gone')
    assert.equal(await nonce(), 0)
    await look(watch)
    await proposed(undefined)
    await until(async () => {
      await look(watch)
      await network.mine()
      return (await nonce()) === 1
    }, 'the nonce to be used up')

    await network.l1Node.rpc('anvil_setNextBlockBaseFeePerGas', toHex(1n))
    for (let n = 0; n < 5; n++) {
      await network.mine()
      await look(watch)
      await sleep(100)
    }
    assert.deepEqual(verdictsOf(watch), ['right', 'right'])
    assert.equal(await count(), 2)
    assert.equal(await nonce(), 1)
  })

  it('judges anew what a reorganisation of L1 made another block', async () => {
    const watch = await openWatch()
    await proposed(undefined, undefined)
    await look(watch)
    await network.l1Node.rpc('anvil_reorg', 1, [])
    const { number } = await network.l2.getBlock()
    await network.l2Node.rpc('anvil_rollback', Number(number) - 1)
    await network.l2Node.rpc('anvil_mine', toHex(number - 1n), toHex(3))
    await proposed(undefined)
    await look(watch)
    assert.deepEqual(verdictsOf(watch), ['right', 'right'])
    assert.deepEqual(alertsOf(watch), [])
  })

  it('stands back when somebody else has deleted it', async () => {
    const watch = await openWatch({ confirmations: 1n })
    await proposed(undefined, wrongRoot)
    await look(watch)
    await deleteOutputs(network, 1n)
    await network.mine()
    await proposed(undefined)
    await look(watch)
    assert.equal(watch.incidents.all()[0]?.state, 'gone')
    await sleep(300)
    assert.equal(await isSent(), false)
    assert.equal(await count(), 2)
  })

  it('pages when the challenger runs out of ether, or is another one', async () => {
    const { address } = network.keys.challenger
    await network.l1Node.rpc('anvil_setBalance', address, toHex(10n ** 16n))
    const watch = await openWatch()
    await look(watch)
    assert.deepEqual(alertsOf(watch), ['page challenger.funds'])
    await network.l1Node.rpc('anvil_setBalance', address, toHex(10n ** 18n))
    watch.seen.fundsMs = Number.NEGATIVE_INFINITY
    await look(watch)
    assert.deepEqual(alertsOf(watch), [])
  })

  /* THE PROCESS */

  it('sends after kill -9 what was signed and never left it', async () => {
    await proposed(undefined, wrongRoot)
    const holder = await startHolder(network.l1Node.url)
    const killed = await startProcess({ HASHSAND_L1_RPC: holder.url })
    await until(async () => holder.held.length > 0, 'the broadcast')
    await killed.kill()
    holder.close()
    // What a transaction costs has changed meanwhile: one signed anew would be another one.
    await network.mine()
    assert.equal(await isSent(), false)

    const watcher = await startProcess()
    await until(isSent, 'the deletion')
    await network.mine()
    assert.equal(await count(), 1)
    const { transactions } = await network.l1.getBlock()
    const held = JSON.parse(holder.held[0] ?? '[]')
    const { params } = Array.isArray(held) ? held[0] : held
    assert.deepEqual(transactions, [keccak256(params[0])])
    await until(
      async () => (await watcher.ask<Status>('/v1/status')).incidents[0]?.state === 'deleted',
      'its end',
    )
    const metrics = await (await fetch(`${watcher.url}/metrics`)).text()
    assert.match(metrics, /hashsand_watcher_outputs\{verdict="right"\} 1/)
    assert.equal((await fetch(`${watcher.url}/v1/outputs?verdict=bad`)).status, 400)
    await watcher.kill('SIGTERM')
    assert.equal(await watcher.exited, 0)
  })

  it('refuses a replica of another chain, and a key that the oracle does not know', async () => {
    const others = join(network.dir, 'others.json')
    await createKeysFile(others)
    const { exited, lines } = await startProcess({ HASHSAND_KEYS: others })
    assert.equal(await exited, 70)
    assert.deepEqual(
      lines.map(({ error }) => error),
      ['NotTheChallengerError'],
    )

    const signal = new AbortController().signal
    const start = (more: Partial<Urls> = {}) =>
      awaitNetwork(openNetwork(network.manifest, { ...urls(), ...more }), {
        log,
        signal,
        challenger: undefined,
      })
    assert.equal(await start(), true)
    await assert.rejects(start({ HASHSAND_REPLICA_L2_RPC: network.l1Node.url }), ManifestMismatchError)
    await assert.rejects(start({ HASHSAND_REPLICA_NODE_RPC: network.l2Node.url }), WrongReplicaError)
    network.node.genesis = wrongRoot
    await assert.rejects(start(), WrongReplicaError)
    network.node.genesis = undefined
  })
})
