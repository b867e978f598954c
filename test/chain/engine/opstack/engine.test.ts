import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, parseEther } from 'viem'
import {
  getBalance,
  getBlock,
  getTransactionReceipt,
  readContract,
  sendTransaction,
  writeContract,
} from 'viem/actions'
import { stopOrphans } from '../../../../chain/engine/anvil/node.ts'
import { opStackPaths } from '../../../../chain/engine/opstack/paths.ts'
import { stopComponentOrphans } from '../../../../chain/engine/opstack/process.ts'
import { opNode, rpc } from '../../../../chain/engine/opstack/rpc.ts'
import { l2OutputOracleAbi, optimismPortalAbi } from '../../../../chain/generated/opAbi.ts'
import type { OpStackBuild } from '../../../../chain/opstack/build.ts'
import { clientOf, temporaryFolder } from '../../fixture.ts'
import {
  BUILD_TIMEOUT_MS,
  buildOrSkip,
  deployer,
  type EngineProcess,
  pidsOf,
  startEngineProcess,
} from './fixture.ts'

const components = ['L1', 'geth', 'op-node', 'op-batcher', 'op-proposer']
const RPC_GAP_MS = 250
/** As if the chain had stood still so long: 30 roots are missing. */
const PAUSE_SECONDS = 600

// One chain, from its first start over the death of each part to the last stop: the tests build on each other.
describe('engine op-stack', function () {
  this.timeout(180_000)
  this.bail(true)
  let build: OpStackBuild
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let dir: string
  let engine: EngineProcess
  /** Every L2 block that was seen, and every transaction that a receipt acknowledged. */
  const seen = new Map<bigint, Hash>()
  const acknowledged: Hash[] = []

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS)
    build = await buildOrSkip(this)
    folder = await temporaryFolder()
    dir = join(folder.dir, 'engine')
    engine = await startEngineProcess(dir, build, PAUSE_SECONDS)
  })
  after(async () => {
    if (folder === undefined) return
    await engine?.stop()
    const left = components.flatMap((component) => pidsOf(dir, component))
    await stopComponentOrphans(dir)
    await stopOrphans(dir)
    await folder.remove()
    assert.deepEqual(left, [])
  })

  const l1 = () => rpc(engine.up.l1RpcUrl)
  const l2 = () => rpc(engine.up.l2RpcUrl)
  const contracts = () => engine.up.deployment.l1.contracts
  const status = () => opNode(rpc(engine.up.nodeRpcUrl), 'optimism_syncStatus', [])
  const outputs = () =>
    readContract(l1(), {
      address: contracts().L2OutputOracle,
      abi: l2OutputOracleAbi,
      functionName: 'nextOutputIndex',
    })

  /** Asks until it is so; an RPC that is just being restarted is asked again. */
  async function until(what: string, isSo: () => Promise<boolean>, seconds = 60): Promise<number> {
    const began = Date.now()
    while (Date.now() - began < seconds * 1_000) {
      if (await isSo().catch(() => false)) return (Date.now() - began) / 1_000
      await sleep(RPC_GAP_MS)
    }
    throw new Error(`not within ${seconds} s: ${what}`)
  }

  async function remember(): Promise<void> {
    const head = await getBlock(l2())
    seen.set(head.number, head.hash)
  }

  /** A transfer on L2 that a receipt acknowledged. */
  async function transact(): Promise<void> {
    const client = clientOf(engine.up.l2RpcUrl, 901, deployer)
    const hash = await sendTransaction(client, { to: deployer.address, value: 1n })
    await until('a receipt', async () => (await getTransactionReceipt(l2(), { hash })).status === 'success')
    acknowledged.push(hash)
    await remember()
  }

  /** L1 and L2 go on, what is new gets safe, and nothing that was seen has changed. */
  async function assertGoesOn(): Promise<void> {
    const before = await until('RPCs', async () => (await status()).head_l1.number > 0).then(status)
    await until('the safe head', async () => (await status()).safe_l2.number > before.unsafe_l2.number)
    for (const [number, hash] of seen)
      assert.equal((await getBlock(l2(), { blockNumber: number })).hash, hash, `L2 block ${number}`)
    for (const hash of acknowledged) assert.ok(await getTransactionReceipt(l2(), { hash }))
  }

  it('brings a deposit to L2, makes blocks safe, and proposes roots through our contract', async () => {
    const arrival = parseEther('5')
    await writeContract(clientOf(engine.up.l1RpcUrl, 900, deployer), {
      address: contracts().OptimismPortal,
      abi: optimismPortalAbi,
      functionName: 'depositTransaction',
      args: [deployer.address, arrival, 100_000n, false, '0x'],
      value: arrival,
    })
    await until(
      'the deposit',
      async () => (await getBalance(l2(), { address: deployer.address })) === arrival,
    )
    await transact()
    await until('an output', async () => (await outputs()) > 0n)
    const [index, block] = [0n, 10n]
    const output = await readContract(l1(), {
      address: contracts().L2OutputOracle,
      abi: l2OutputOracleAbi,
      functionName: 'getL2Output',
      args: [index],
    })
    const { outputRoot } = await opNode(rpc(engine.up.nodeRpcUrl), 'optimism_outputAtBlock', ['0xa'])
    assert.equal(output.l2BlockNumber, block)
    assert.equal(output.outputRoot, outputRoot)
  })

  it('catches up with a pause before it counts as started, and sends the missing roots many at a time', async () => {
    const { unsafe_l2 } = await status()
    assert.ok(Math.abs(Date.now() / 1_000 - unsafe_l2.timestamp) < 20)
    await until('the roots of the pause', async () => (await outputs()) >= BigInt(PAUSE_SECONDS / 20), 30)
    assert.ok(engine.events.some(({ what }) => what === 'roots-behind'))
  })

  it('shows no key to other users of the machine', () => {
    assert.equal(statSync(opStackPaths(dir).jwt).mode & 0o077, 0)
  })

  for (const component of components) {
    it(`goes on after kill -9 of ${component}`, async () => {
      await transact()
      const [pid] = pidsOf(dir, component)
      assert.ok(pid !== undefined)
      process.kill(pid, 'SIGKILL')
      await until('another life', async () => pidsOf(dir, component).some((other) => other !== pid))
      await assertGoesOn()
      await transact()
      assert.ok(engine.events.some((event) => event.component === component))
      assert.ok(!engine.events.some(({ what }) => what === 'safe-head-stuck'))
    })
  }

  it('goes on after kill -9 of everything at once', async () => {
    await transact()
    const proposed = await outputs()
    for (const pid of components.flatMap((component) => pidsOf(dir, component))) process.kill(pid, 'SIGKILL')
    await engine.kill()
    engine = await startEngineProcess(dir, build)
    await assertGoesOn()
    await transact()
    await until('the next output', async () => (await outputs()) > proposed)
  })

  it('stops what a killed supervisor left behind, and goes on', async () => {
    await engine.kill()
    const orphans = components.flatMap((component) => pidsOf(dir, component))
    assert.equal(orphans.length, components.length)
    engine = await startEngineProcess(dir, build)
    const now = components.flatMap((component) => pidsOf(dir, component))
    assert.equal(now.length, components.length)
    assert.ok(now.every((pid) => !orphans.includes(pid)))
    await assertGoesOn()
    await until('finality', async () => (await status()).finalized_l2.number > 0)
  })
})
