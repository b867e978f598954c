import assert from 'node:assert/strict'
import { appendFileSync, cpSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hash } from 'viem'
import { getBlock } from 'viem/actions'
import { commandLines, stopOrphans } from '../../../../chain/engine/anvil/node.ts'
import {
  BeaconUnreachableError,
  L1ChainIdError,
  L1UnreachableError,
  PortTakenError,
} from '../../../../chain/engine/opstack/errors.ts'
import {
  type NetworkFiles,
  type NetworkFolder,
  readNetworkFolder,
  writeNetworkFolder,
} from '../../../../chain/engine/opstack/networkFolder.ts'
import { opStackPaths, replicaPaths } from '../../../../chain/engine/opstack/paths.ts'
import { freePort, stopComponentOrphans } from '../../../../chain/engine/opstack/process.ts'
import {
  type ReplicaOptions,
  runningReplica,
  startReplica,
} from '../../../../chain/engine/opstack/replica.ts'
import {
  GenesisHashError,
  GenesisRefusedError,
  L1BlockError,
  NetworkFileHashError,
  NotReplicaFolderError,
  OtherNetworkError,
} from '../../../../chain/engine/opstack/replicaErrors.ts'
import { type ReplicaStatus, replicaStatus } from '../../../../chain/engine/opstack/replicaStatus.ts'
import { opNode, rpc } from '../../../../chain/engine/opstack/rpc.ts'
import type { BaseError } from '../../../../chain/errors.ts'
import type { OpStackBuild } from '../../../../chain/opstack/build.ts'
import { exitCode } from '../../../../services/runtime/main.ts'
import { hashsand, interrupt } from '../../../support/devnet.ts'
import { startTestNode, temporaryFolder } from '../../fixture.ts'
import { edit, replicaManifest } from '../../networkFixture.ts'
import {
  BUILD_TIMEOUT_MS,
  buildOrSkip,
  config,
  type EngineProcess,
  pidsOf,
  startEngineProcess,
} from './fixture.ts'
import { type ReplicaProcess, startReplicaProcess } from './replicaFixture.ts'

const AGE_SECONDS = 1_000
const HEIGHTS = 200

// One operator and one stranger: the tests build on each other.
describe('replica', function () {
  this.timeout(120_000)
  this.bail(true)
  let build: OpStackBuild
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let engine: EngineProcess
  let replica: ReplicaProcess
  const path = (name: string) => join(folder.dir, name)
  const replicaPids = () => ['geth', 'op-node'].flatMap((name) => pidsOf(path('replica'), name))

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS)
    build = await buildOrSkip(this)
    folder = await temporaryFolder()
    engine = await startEngineProcess(path('engine'), build, AGE_SECONDS)
    const files = opStackPaths(path('engine'))
    const manifest = replicaManifest(config, engine.up.deployment, files)
    await writeNetworkFolder(path('network'), { manifest, files })
  })
  after(async () => {
    if (folder === undefined) return
    await replica?.stop()
    const left = replicaPids()
    await engine?.stop()
    for (const dir of [path('replica'), path('engine')]) await stopComponentOrphans(dir)
    await stopOrphans(path('engine'))
    await folder.remove()
    assert.deepEqual(left, [])
  })

  const start = () => startReplicaProcess(path('replica'), path('network'), engine.up.l1RpcUrl).up()
  const status = () => replicaStatus(replica.up)

  async function until(what: string, isSo: () => Promise<boolean>, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1_000
    while (Date.now() < deadline) {
      if (await isSo().catch(() => false)) return
      await sleep(200)
    }
    throw new Error(`not within ${seconds} s: ${what}`)
  }

  /** The replica has what is safe at the operator now. */
  async function untilLevel(): Promise<number> {
    const { safe_l2 } = await opNode(rpc(engine.up.nodeRpcUrl), 'optimism_syncStatus', [])
    await until('level', async () => (await status()).l2.safe.number >= safe_l2.number)
    return safe_l2.number
  }

  /** Block hash, which holds the state root, at so many heights, first and last among them. */
  async function assertEqual(last: number): Promise<void> {
    const count = Math.min(HEIGHTS, last + 1)
    const heights = Array.from({ length: count }, (_, index) => Math.floor((index * last) / (count - 1)))
    for (const height of heights) {
      const blockNumber = BigInt(height)
      const [theirs, ours] = await Promise.all([
        getBlock(rpc(engine.up.l2RpcUrl), { blockNumber }),
        getBlock(rpc(replica.up.l2RpcUrl), { blockNumber }),
      ])
      assert.deepEqual([ours.hash, ours.stateRoot], [theirs.hash, theirs.stateRoot], `L2 block ${height}`)
    }
  }

  it('goes on from a first start that was killed at any moment', async () => {
    const starting = startReplicaProcess(path('replica'), path('network'), engine.up.l1RpcUrl)
    const wait = 1_000 + Math.random() * 2_000
    await sleep(wait)
    await starting.kill()
    replica = await start()
    process.stdout.write(`      (killed after ${Math.round(wait)} ms)\n`)
  })

  it('says how far behind it is while it derives 500 blocks, and is equal at 200 heights then', async () => {
    const seen: ReplicaStatus[] = []
    await until('level with L1', async () => {
      const now = await status()
      seen.push(now)
      return now.behind.l1Blocks === 0 && now.l2.safe.number >= AGE_SECONDS / config.l2.blockTimeSeconds
    })
    assert.ok(seen.length > 1)
    for (const { l1, l2, behind } of seen) {
      assert.equal(behind.seconds, l1.head.timestamp - l2.safe.timestamp)
      assert.ok(behind.clockSeconds >= behind.seconds - 1)
      assert.equal(behind.l1Blocks, l1.head.number - l1.position)
      assert.ok(l2.finalized.number <= l2.safe.number && l2.safe.number <= l2.unsafe.number)
    }
    const [first, last] = [seen.at(0)?.behind, seen.at(-1)?.behind]
    assert.ok(first !== undefined && last !== undefined)
    assert.ok(first.l2Blocks >= 490 && first.seconds >= 980, JSON.stringify(first))
    assert.ok(last.l2Blocks <= 10, JSON.stringify(last))
    await assertEqual(await untilLevel())
  })

  it('makes no block by itself and hears of none but from L1', () => {
    const [pid] = pidsOf(path('replica'), 'op-node')
    const words = commandLines().find((line) => line.pid === pid)?.words ?? []
    assert.ok(words.includes('--p2p.disable'))
    assert.ok(!words.some((word) => word.includes('sequencer')))
  })

  it('remembers where it answers, for its owner alone', async () => {
    assert.deepEqual(await runningReplica(path('replica')), replica.up)
    for (const file of [replicaPaths(path('replica')).running, replicaPaths(path('replica')).jwt])
      assert.equal(statSync(file).mode & 0o077, 0)
  })

  for (const component of ['geth', 'op-node']) {
    it(`goes on after kill -9 of ${component}`, async () => {
      const [pid] = pidsOf(path('replica'), component)
      assert.ok(pid !== undefined)
      process.kill(pid, 'SIGKILL')
      await until('another life', async () =>
        pidsOf(path('replica'), component).some((other) => other !== pid),
      )
      await assertEqual(await untilLevel())
    })
  }

  it('goes on after kill -9 of everything at once', async () => {
    await replica.kill()
    for (const pid of replicaPids()) process.kill(pid, 'SIGKILL')
    replica = await start()
    await assertEqual(await untilLevel())
  })

  it('stops what a killed supervisor left behind, and goes on', async () => {
    await replica.kill()
    const orphans = replicaPids()
    assert.equal(orphans.length, 2)
    replica = await start()
    const now = replicaPids()
    assert.equal(now.length, 2)
    assert.ok(now.every((pid) => !orphans.includes(pid)))
    await assertEqual(await untilLevel())
  })

  describe('refuses, with nothing half-started left,', () => {
    /** One line of this class; no process and no folder are left, and nobody who runs was disturbed. */
    async function refused<E extends BaseError>(
      kind: new (...args: never[]) => E,
      overrides: Partial<ReplicaOptions> & { network?: NetworkFolder },
    ): Promise<E> {
      const running = [...replicaPids(), ...pidsOf(path('engine'), 'geth')]
      const dir = path('refused')
      const error = await startReplica({
        dir,
        network: await readNetworkFolder(path('network')),
        l1RpcUrl: engine.up.l1RpcUrl,
        ports: { l2: 0 },
        build,
        ...overrides,
      }).then(
        async (started) => {
          await started.stop()
          assert.fail('it was started')
        },
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof kind, String(error))
      assert.ok(!error.message.includes('\n'), error.message)
      assert.deepEqual(
        ['geth', 'op-node'].flatMap((name) => pidsOf(dir, name)),
        [],
      )
      assert.ok(!existsSync(dir), 'a folder is left')
      assert.deepEqual([...replicaPids(), ...pidsOf(path('engine'), 'geth')], running)
      return error
    }

    /** The network folder after a change, with a manifest that was made for it. */
    async function forged(change: (files: NetworkFiles) => void, genesisHash?: Hash): Promise<NetworkFolder> {
      const dir = path('forged')
      rmSync(dir, { recursive: true, force: true })
      cpSync(path('network'), dir, { recursive: true })
      const { manifest, ...files } = await readNetworkFolder(dir)
      change(files)
      const { deployment } = engine.up
      const l2 = { ...deployment.l2, ...(genesisHash === undefined ? {} : { genesisHash }) }
      const made = replicaManifest(config, { ...deployment, l2 }, files)
      writeFileSync(join(dir, `${manifest.l2.chainId}.json`), JSON.stringify(made))
      return readNetworkFolder(dir)
    }
    const otherHash: Hash = `0x${'ab'.repeat(32)}`
    const otherNetwork = () =>
      forged(
        ({ rollup }) =>
          edit(rollup, (json) => {
            json.genesis = { ...Object(json.genesis), l2: { hash: otherHash, number: 0 } }
          }),
        otherHash,
      )

    it('a manifest and a rollup file of another chain than genesis.json', async () => {
      const error = await refused(GenesisHashError, { network: await otherNetwork() })
      assert.deepEqual([error.given, error.expected], [engine.up.deployment.l2.genesisHash, otherHash])
    })

    it('a changed genesis.json, and a broken one', async () => {
      const network = await forged(({ genesis }) =>
        edit(genesis, (json) => {
          json.timestamp = '0x1'
        }),
      )
      const error = await refused(GenesisHashError, { network })
      assert.equal(error.expected, engine.up.deployment.l2.genesisHash)
      const broken = await forged(({ genesis }) =>
        edit(genesis, (json) => {
          json.alloc = { nobody: { balance: 'much' } }
        }),
      )
      await refused(GenesisRefusedError, { network: broken })
    })

    it('the data folder of another network, and one that is none', async () => {
      await refused(OtherNetworkError, { dir: path('replica'), network: await otherNetwork() })
      await refused(NotReplicaFolderError, { dir: path('engine') })
      const changed = await forged(({ genesis }) => appendFileSync(genesis, ' '))
      await refused(NetworkFileHashError, { dir: path('replica'), network: changed })
    })

    it('an L1 that is not there, has another chain id, or is another chain', async () => {
      const nowhere = `http://127.0.0.1:${await freePort('a test')}`
      await refused(L1UnreachableError, { l1RpcUrl: nowhere })
      await refused(BeaconUnreachableError, { beaconUrl: nowhere })
      const other = await startTestNode(905)
      const wrong = await refused(L1ChainIdError, { l1RpcUrl: other.rpcUrl }).finally(() => other.stop())
      assert.deepEqual([wrong.given, wrong.expected], [905, 900])
      const twin = await startTestNode(900)
      const error = await refused(L1BlockError, { l1RpcUrl: twin.rpcUrl }).finally(() => twin.stop())
      assert.equal(error.expected, engine.up.deployment.l1.genesisHash)
    })

    it('a port in use', async () => {
      const port = Number(new URL(engine.up.l2RpcUrl).port)
      for (const ports of [{ l2: port }, { l2: 0, node: port }, { l2: 0, l2Engine: port }]) {
        const error = await refused(PortTakenError, { ports })
        assert.equal(error.port, port)
      }
    })
  })

  describe('from the command line', () => {
    const data = () => ['--data', path('replica')]
    const cli = (...args: string[]) => hashsand(['replica', ...args])
    const where = () => ['--network', path('network'), '--l1', engine.up.l1RpcUrl]

    it('stops clean, and says that nothing runs', async () => {
      await replica.stop()
      assert.deepEqual(replicaPids(), [])
      assert.equal(await runningReplica(path('replica')), undefined)
      const nothing = cli('status', ...data())
      assert.equal(await nothing.ended, exitCode.failed)
      assert.match(nothing.stderr(), /NoReplicaHereError/)
    })

    it('goes on, says how far behind it is, is ready, and ends with 0 at Ctrl-C', async () => {
      const basePort = String(20_000 + Math.floor(Math.random() * 10_000))
      const up = cli('up', ...where(), ...data(), '--base-port', basePort)
      const { healthUrl, l2RpcUrl } = await up.line((line) => line.up === true)
      assert.ok(typeof healthUrl === 'string' && typeof l2RpcUrl === 'string')
      assert.equal((await fetch(`${healthUrl}/readyz`)).status, 200)
      const second = cli('up', ...where(), ...data())
      const status = cli('status', ...data())
      assert.equal(await second.ended, exitCode.failed)
      assert.match(second.stderr(), /ReplicaFolderInUseError/)
      const seen = await status.line((line) => line.behind !== undefined)
      assert.equal(seen.chainId, 901)
      assert.equal(await interrupt(up), exitCode.ok)
      assert.deepEqual(replicaPids(), [])
    })

    it('leaves nothing of a first start that was refused', async () => {
      const wrong = cli(
        'up',
        '--network',
        path('network'),
        '--l1',
        engine.up.l2RpcUrl,
        '--data',
        path('refused'),
      )
      assert.equal(await wrong.ended, exitCode.failed)
      assert.match(wrong.stderr(), /L1ChainIdError/)
      assert.ok(!existsSync(path('refused')))
    })
  })
})
