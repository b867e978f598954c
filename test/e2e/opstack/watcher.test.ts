import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  createPublicClient,
  createWalletClient,
  type Hash,
  type Hex,
  http,
  keccak256,
  type PublicClient,
  parseGwei,
  toHex,
} from 'viem'
import { proposeOutputCall } from '../../../bridge/forced.ts'
import { readOracle, readOutputs, readOwnOutput } from '../../../bridge/outputs.ts'
import { outputRoot, outputRootProof } from '../../../bridge/withdrawal.ts'
import { l1Chain } from '../../../chain/chains.ts'
import type { DeployConfig } from '../../../chain/deploy/config.ts'
import { stopOrphans } from '../../../chain/engine/anvil/node.ts'
import type { OpStackEngine } from '../../../chain/engine/engine.ts'
import { startOpStackEngine } from '../../../chain/engine/opstack/engine.ts'
import { readNetworkFolder, writeNetworkFolder } from '../../../chain/engine/opstack/networkFolder.ts'
import { opStackPaths } from '../../../chain/engine/opstack/paths.ts'
import { stopComponentOrphans } from '../../../chain/engine/opstack/process.ts'
import { type Replica, startReplica } from '../../../chain/engine/opstack/replica.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { createKeysFile, type Keys, readKeys, roles } from '../../../services/runtime/keys.ts'
import type { Status } from '../../../services/watcher/status.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip, config as shared } from '../../chain/engine/opstack/fixture.ts'
import { temporaryFolder } from '../../chain/fixture.ts'
import { replicaManifest } from '../../chain/networkFixture.ts'
import { startWatcherProcess, type WatcherProcess } from '../../services/watcherNetwork.ts'

const pollMs = 500

// The programs of the operator, a replica of a stranger, and the watcher on that replica.
describe('watcher on the real engine', function () {
  this.timeout(90_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let engine: OpStackEngine
  let replica: Replica
  let watcher: WatcherProcess
  let manifest: Manifest
  let keys: Keys
  let l1: PublicClient
  const path = (name: string) => join(folder.dir, name)

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS)
    const build = await buildOrSkip(this)
    folder = await temporaryFolder()
    await createKeysFile(path('keys.json'))
    keys = await readKeys(path('keys.json'))
    const secrets = JSON.parse(await readFile(path('keys.json'), 'utf8')) as Record<string, Hex>
    const config = configOf(keys)
    const { batcher = '0x', proposer = '0x' } = secrets
    engine = await startOpStackEngine({
      dir: path('engine'),
      ports: { l1: 0, l2: 0 },
      config,
      deployer: keys.deployer,
      keys: { batcher, proposer },
      build,
    })
    const files = opStackPaths(path('engine'))
    manifest = replicaManifest(config, engine.deployment, files)
    manifest.l1.rpcUrl = engine.l1RpcUrl
    await writeFile(path('manifest.json'), JSON.stringify(manifest))
    await writeNetworkFolder(path('network'), { manifest, files })
    const network = await readNetworkFolder(path('network'))
    replica = await startReplica({
      dir: path('replica'),
      network,
      l1RpcUrl: engine.l1RpcUrl,
      ports: { l2: 0 },
      build,
    })
    l1 = createPublicClient({ transport: http(engine.l1RpcUrl), cacheTime: 0, pollingInterval: 100 })
    watcher = await startWatcherProcess(
      {
        dir: folder.dir,
        manifestPath: path('manifest.json'),
        keysPath: path('keys.json'),
        l2Node: { url: replica.l2RpcUrl },
        node: { url: replica.nodeRpcUrl },
      },
      { HASHSAND_POLL_MS: String(pollMs), HASHSAND_L1_CONFIRMATIONS: '2' },
    )
  })
  after(async () => {
    if (folder === undefined) return
    await watcher?.kill('SIGTERM')
    await replica?.stop()
    await engine?.stop()
    for (const name of ['replica', 'engine']) await stopComponentOrphans(path(name))
    await stopOrphans(path('engine'))
    await folder.remove()
  })

  const status = () => watcher.ask<Status>('/v1/status')
  const outputs = async () => {
    const { count } = await readOracle(l1, { manifest })
    return readOutputs(l1, { manifest, from: 0n, to: count })
  }

  async function until(what: string, isSo: () => Promise<boolean>, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1_000
    while (Date.now() < deadline) {
      if (await isSo().catch(() => false)) return
      await sleep(100)
    }
    assert.fail(`not within ${seconds} s: ${what}; the watcher: ${JSON.stringify(watcher.lines.slice(-20))}`)
  }

  /** The true storage of the message passer under a state root that is none, before op-proposer is ready with the right root. */
  async function proposeWrong(): Promise<{ root: Hash; hash: Hash }> {
    const l2 = createPublicClient({ transport: http(engine.l2RpcUrl) })
    const wallet = createWalletClient({
      account: keys.proposer,
      chain: l1Chain(manifest),
      transport: http(engine.l1RpcUrl),
    })
    for (;;) {
      const { nextL2Block: l2BlockNumber } = await readOracle(l1, { manifest })
      const own = await readOwnOutput(l2, l2BlockNumber).catch(() => undefined)
      const { number, hash } = await l1.getBlock()
      const block = own && (await l2.getBlock({ blockNumber: l2BlockNumber }))
      if (own === undefined || block === undefined || block.timestamp >= (await l1.getBlock()).timestamp) {
        await sleep(200)
        continue
      }
      const root = outputRoot(outputRootProof({ ...own, stateRoot: keccak256(toHex('no state')) }))
      const call = proposeOutputCall({ manifest, root, l2BlockNumber, l1Block: { hash, number }, bond: 0n })
      const fees = { maxFeePerGas: parseGwei('200'), maxPriorityFeePerGas: parseGwei('100') }
      const sent = await wallet.sendTransaction({ ...call, gas: 400_000n, ...fees })
      const receipt = await l1.waitForTransactionReceipt({ hash: sent, timeout: 20_000 })
      // op-proposer may have been faster: then the next block is taken.
      if (receipt.status === 'success') return { root, hash: sent }
    }
  }

  it('finds the operator’s own outputs right', async () => {
    await until('a right output', async () => (await status()).outputs.right > 0)
    const { alerts, outputs: counted } = await status()
    assert.deepEqual(alerts, [])
    assert.equal(counted.wrong + counted.lost + counted.underivable, 0)
  })

  it('alerts a wrong root within a look, deletes it before it matures, and it alone', async () => {
    const { root, hash } = await proposeWrong()
    const minedMs = Date.now()
    const { blockNumber } = await l1.getTransactionReceipt({ hash })
    const { timestamp } = await l1.getBlock({ blockNumber })
    const before = (await outputs()).filter((output) => output.root !== root)
    // The status may show it before the line has come through the pipe.
    const alertLine = () =>
      watcher.lines.find(({ msg, alert }) => msg === 'watcher.alert' && String(alert).includes(root))
    await until('the alert', async () => alertLine() !== undefined)
    const alertedMs = Date.parse(String(alertLine()?.time))
    await until('the deletion', async () =>
      (await status()).incidents.some((incident) => incident.root === root && incident.state === 'deleted'),
    )
    const incident = (await status()).incidents.find((one) => one.root === root)
    const deletedAt = (await l1.getBlock({ blockNumber: BigInt(incident?.deletion?.l1Block ?? 0) })).timestamp
    process.stdout.write(
      `    alerted ${alertedMs - minedMs} ms after its block was seen, deleted ${deletedAt - timestamp} s after it\n`,
    )
    // One look, and as much again for a machine that does other things beside it.
    assert.ok(alertedMs - minedMs < 2 * pollMs + 2_000)
    assert.ok(deletedAt - timestamp < BigInt(manifest.bridge.finalizationPeriodSeconds))

    await until('right roots again', async () => {
      const list = await outputs()
      return list.length > before.length && (await status()).outputs.right >= list.length
    })
    const after = await outputs()
    assert.deepEqual(after.slice(0, before.length), before)
    assert.equal(await l1.getTransactionCount({ address: keys.challenger.address }), 1)
    assert.deepEqual((await status()).alerts, [])
  })
})

function configOf(keys: Keys): DeployConfig {
  const { proposer, challenger, batcher, guardian, deployer } = keys
  return {
    ...shared,
    roles: {
      ...shared.roles,
      proposer: proposer.address,
      challenger: challenger.address,
      batcher: batcher.address,
      guardian: guardian.address,
      governor: deployer.address,
    },
    testL1: { funded: roles.map((role) => keys[role].address) },
  }
}
