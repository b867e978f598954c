import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type PublicClient, parseEther } from 'viem'
import { getBalance, readContract, sendTransaction, waitForTransactionReceipt } from 'viem/actions'
import { withdrawEtherCall } from '../../bridge/actions.ts'
import { forcedDepositCall } from '../../bridge/forced.ts'
import { withdrawalsOf } from '../../bridge/observe.ts'
import { stopOrphans } from '../../chain/engine/anvil/node.ts'
import { stopComponentOrphans } from '../../chain/engine/opstack/process.ts'
import { opNode, rpc } from '../../chain/engine/opstack/rpc.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import {
  BUILD_TIMEOUT_MS,
  buildOrSkip,
  deployer,
  type EngineProcess,
  startEngineProcess,
} from '../chain/engine/opstack/fixture.ts'
import { clientOf, temporaryFolder } from '../chain/fixture.ts'

const pauseSeconds = Number(process.env.HASHSAND_PAUSE_SECONDS ?? 8 * 3_600)
const limitSeconds = 300

// L1 and L2 stand still after their first blocks, and go on hours later: 14,400 blocks of L2 to make, 1,440 roots to propose.

describe(`a pause of ${pauseSeconds} s`, function () {
  this.timeout(BUILD_TIMEOUT_MS)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let engine: EngineProcess

  after(async () => {
    await engine?.stop()
    const dir = join(folder.dir, 'engine')
    await stopComponentOrphans(dir)
    await stopOrphans(dir)
    await folder.remove()
  })

  it(`has a new withdrawal provable within ${limitSeconds} s of the start`, async function () {
    const build = await buildOrSkip(this)
    folder = await temporaryFolder()
    const began = Date.now()
    const seconds = () => Math.round((Date.now() - began) / 1_000)
    engine = await startEngineProcess(join(folder.dir, 'engine'), build, pauseSeconds)
    say(`up and level after ${seconds()} s`)

    const { l1RpcUrl, l2RpcUrl, nodeRpcUrl, deployment } = engine.up
    const { contracts } = deployment.l1
    const manifest = { l1: { contracts } }
    const [l1, l2] = [clientOf(l1RpcUrl, 900, deployer), clientOf(l2RpcUrl, 901, deployer)]
    const amount = parseEther('1')
    await sendTransaction(l1, forcedDepositCall({ manifest, amount, to: deployer.address }))
    while ((await getBalance(l2, deployer)) === 0n) await sleep(500)
    say(`a deposit arrived after ${seconds()} s`)
    const hash = await sendTransaction(l2, withdrawEtherCall({ amount: 1n, to: deployer.address }))
    const receipt = await waitForTransactionReceipt(l2, { hash })
    const [withdrawal] = withdrawalsOf(receipt)
    assert.ok(withdrawal)
    say(`a withdrawal began after ${seconds()} s in L2 block ${receipt.blockNumber}`)

    const oracle = { address: contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
    while ((await readContract(l1, { ...oracle, functionName: 'latestBlockNumber' })) < receipt.blockNumber) {
      assert.ok(seconds() <= limitSeconds, `not provable after ${seconds()} s`)
      await sleep(500)
    }
    say(`provable after ${seconds()} s`)
    assert.ok(seconds() <= limitSeconds)
    await everyRoot(l1, { oracle, nodeRpcUrl })
  })
})

type Outputs = { oracle: { address: `0x${string}`; abi: typeof l2OutputOracleAbi }; nodeRpcUrl: string }

/** What was sent in haste is right: every fiftieth root, and the newest. */
async function everyRoot(l1: Pick<PublicClient, 'request'>, { oracle, nodeRpcUrl }: Outputs): Promise<void> {
  const client = l1 as PublicClient
  const count = await readContract(client, { ...oracle, functionName: 'nextOutputIndex' })
  say(`${count} roots`)
  for (let index = count - 1n; index >= 0n; index -= 50n) {
    const output = await readContract(client, { ...oracle, functionName: 'getL2Output', args: [index] })
    const number = `0x${output.l2BlockNumber.toString(16)}` as const
    const { outputRoot } = await opNode(rpc(nodeRpcUrl), 'optimism_outputAtBlock', [number])
    assert.equal(output.outputRoot, outputRoot, `root of L2 block ${output.l2BlockNumber}`)
  }
}

function say(text: string): void {
  process.stdout.write(`      ${text}\n`)
}
