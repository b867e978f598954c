import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { getBlock } from 'viem/actions'
import { stopOrphans } from '../../../../chain/engine/anvil/node.ts'
import { writeNetworkFolder } from '../../../../chain/engine/opstack/networkFolder.ts'
import { opStackPaths } from '../../../../chain/engine/opstack/paths.ts'
import { stopComponentOrphans } from '../../../../chain/engine/opstack/process.ts'
import { type ReplicaStatus, replicaStatus } from '../../../../chain/engine/opstack/replicaStatus.ts'
import { opNode, rpc } from '../../../../chain/engine/opstack/rpc.ts'
import type { OpStackBuild } from '../../../../chain/opstack/build.ts'
import { temporaryFolder } from '../../fixture.ts'
import { replicaManifest } from '../../networkFixture.ts'
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

  const start = () => startReplicaProcess(path('replica'), path('network'), engine.up.l1RpcUrl)
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

  it('says how far behind it is while it derives 500 blocks, and is equal at 200 heights then', async () => {
    replica = await start()
    const seen: ReplicaStatus[] = []
    await until('level with L1', async () => {
      const now = await status()
      seen.push(now)
      return now.behind.l1Blocks <= 2 && now.l2.safe.number >= 500
    })
    await assertEqual(await untilLevel())
  })
})
