import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type Hash, http, type TransactionReceipt } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { getBlock, getTransactionReceipt, sendTransaction } from 'viem/actions'
import { FinalizationTooShortError } from '../../../../chain/deploy/errors.ts'
import { openDumpStore } from '../../../../chain/engine/anvil/dump.ts'
import {
  anvilPaths,
  l2Generations,
  repairAnvilEngine,
  startAnvilEngine,
} from '../../../../chain/engine/anvil/engine.ts'
import { type DurableBlock, readDurable } from '../../../../chain/engine/anvil/l1.ts'
import { stopOrphans } from '../../../../chain/engine/anvil/node.ts'
import { anvil } from '../../../../chain/engine/anvil/rpc.ts'
import {
  CorruptedStateError,
  EngineStartError,
  NodeExitedError,
  OtherDeploymentError,
} from '../../../../chain/engine/errors.ts'
import { predeploys } from '../../../../chain/generated/addresses.ts'
import { replaceBlocks } from '../../../support/replaceBlocks.ts'
import { account, clientOf, config, deployer, temporaryFolder } from '../../fixture.ts'

const KILLS = 10
/** Faster than a real development network, so that many kills fall into the middle of a dump. */
const fast = { ...config, l1: { ...config.l1, blockTimeSeconds: 0.05 } }

describe('engine anvil', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const start = (overrides = {}) =>
    startAnvilEngine({ dir: folder.dir, ports: { l1: 0, l2: 0 }, config: fast, deployer, ...overrides })
  const rpc = (url: string) => createClient({ transport: http(url, { retryCount: 0 }) })

  beforeEach(async () => {
    folder = await temporaryFolder()
  })
  afterEach(async () => {
    await stopOrphans(folder.dir)
    await folder.remove()
  })

  it('has one block 0 however often it starts', async () => {
    for (let starts = 0; starts < 3; starts++) {
      const engine = await start()
      // Block 0 of the next start would be a second younger.
      await sleep(1_100)
      await engine.stop()
    }
    const extracted = join(folder.dir, 'state.json')
    await openDumpStore({ dir: anvilPaths(folder.dir).l1.dumps }).extract(extracted)
    const { blocks } = JSON.parse(readFileSync(extracted, 'utf8'))
    const first = blocks.filter(({ header }: { header: { number: string } }) => Number(header.number) === 0)
    assert.equal(first.length, 1)
  })

  it('goes on, and makes what is new durable, while somebody takes blocks of L1 back again and again', async () => {
    const engine = await start()
    let over: unknown
    engine.exited.catch((error: unknown) => {
      over = error
    })
    try {
      const client = rpc(engine.l1RpcUrl)
      for (let round = 0; round < 40 && over === undefined; round++) {
        await replaceBlocks(engine.l1RpcUrl, 10 + round)
        await sleep(Math.random() * 60)
      }
      const from = (await getBlock(client)).number
      const isThere = async (durable: DurableBlock | undefined) =>
        durable !== undefined &&
        durable.number > from &&
        (await getBlock(client, { blockNumber: BigInt(durable.number) })).hash === durable.hash
      for (let waited = 0; waited < 200 && !(await isThere(readDurable(engine.l1DurablePath))); waited++) {
        assert.equal(over, undefined)
        await sleep(50)
      }
      assert.ok(await isThere(readDurable(engine.l1DurablePath)))
    } finally {
      await engine.stop()
    }
  })

  it('continues both chains after a stop, with the same genesis and deployment', async () => {
    const first = await start()
    await sleep(300)
    const l1 = await getBlock(rpc(first.l1RpcUrl), { blockNumber: 40n })
    const l2 = await getBlock(rpc(first.l2RpcUrl))
    await first.stop()
    const durable = readDurable(first.l1DurablePath)

    const second = await start({ config: { ...fast, clock: { ...fast.clock, start: 1 } } })
    try {
      assert.deepEqual(second.deployment, first.deployment)
      assert.equal((await getBlock(rpc(second.l1RpcUrl), { blockNumber: 40n })).hash, l1.hash)
      assert.equal(
        (await getBlock(rpc(second.l1RpcUrl), { blockNumber: BigInt(durable?.number ?? 0) })).hash,
        durable?.hash,
      )
      assert.equal((await getBlock(rpc(second.l2RpcUrl))).hash, l2.hash)
      assert.equal(l2.number, 1n)
    } finally {
      await second.stop()
    }
  })

  it('begins anew when the first start never came to its end', async () => {
    const dying = new Error('killed')
    await assert.rejects(
      start({
        onProgress: (step: string) => {
          if (step === 'L2: genesis') throw dying
        },
      }),
      dying,
    )
    const engine = await start()
    await engine.stop()
    assert.ok(engine.deployment.l1.startBlock.number > 30)
  })

  it('refuses other parameters than those of the first start, and unsafe ones', async () => {
    await (await start()).stop()
    const other = { ...fast, timelockDelaySeconds: 61 }
    await assert.rejects(start({ config: other }), (error) => {
      assert.ok(error instanceof OtherDeploymentError)
      assert.deepEqual(error.differing, ['timelockDelaySeconds'])
      return true
    })
    const unsafe = { ...fast, bridge: { ...fast.bridge, sequencingWindowBlocks: 60 } }
    await assert.rejects(start({ config: unsafe }), FinalizationTooShortError)
  })

  it('never lets time go back, whatever the clock of the machine does', async () => {
    const first = await start()
    const l2 = rpc(first.l2RpcUrl)
    await anvil(l2, 'evm_setTime', [Math.floor(Date.now() / 1_000) + 1_000])
    await anvil(l2, 'evm_mine', [])
    await openDumpStore({ dir: first.l2DumpDir }).save(l2)
    const ahead = await getBlock(l2)
    await first.stop()

    const second = await start()
    try {
      const again = rpc(second.l2RpcUrl)
      await anvil(again, 'evm_mine', [])
      const next = await getBlock(again)
      assert.equal(next.parentHash, ahead.hash)
      assert.ok(next.timestamp >= ahead.timestamp, `${next.timestamp} after ${ahead.timestamp}`)
      assert.ok(next.timestamp <= ahead.timestamp + 5n, `${next.timestamp} after ${ahead.timestamp}`)
    } finally {
      await second.stop()
    }
  })

  it('tells when a node dies', async () => {
    const engine = await start()
    await stopOrphans(folder.dir)
    const error = await engine.exited
    await engine.stop()
    assert.ok(error instanceof NodeExitedError)
    assert.equal(error.how, 'SIGKILL')
  })

  it('says which port is taken, and leaves nothing running', async () => {
    const first = await start()
    const other = await temporaryFolder()
    const taken = Number(new URL(first.l2RpcUrl).port)
    try {
      await assert.rejects(start({ dir: other.dir, ports: { l1: 0, l2: taken } }), (error) => {
        return error instanceof EngineStartError && error.port === taken && error.node === 'L2 node'
      })
      assert.deepEqual(await stopOrphans(other.dir), [])
    } finally {
      await first.stop()
      await other.remove()
    }
  })

  it('goes on when a user mines by hand', async () => {
    const engine = await start()
    const client = rpc(engine.l1RpcUrl)
    try {
      for (let i = 0; i < 100; i++) await anvil(client, 'evm_mine', [])
      await sleep(500)
      const { number } = await getBlock(client)
      const lag = Number(number) - (readDurable(engine.l1DurablePath)?.number ?? 0)
      assert.ok(lag <= 2, `${lag} blocks are not durable`)
    } finally {
      await engine.stop()
    }
  })

  it('refuses a damaged state without touching it', async () => {
    const engine = await start()
    await engine.stop()
    const newest = join(anvilPaths(folder.dir).l2.dumps, '000000000001.dump')
    const content = readFileSync(newest)
    writeFileSync(newest, content.subarray(0, 1_000))
    await assert.rejects(start(), CorruptedStateError)
    assert.equal(readFileSync(newest).length, 1_000)
    writeFileSync(newest, content)
    await (await start()).stop()
  })

  it('repairs L1 together with L2, which must not know a block that L1 has lost', async () => {
    const first = await start()
    const l2 = rpc(first.l2RpcUrl)
    const store = openDumpStore({ dir: first.l2DumpDir, generations: l2Generations })
    // L2 as the sequencer would leave it: one state that knows an old L1 block, newer ones with a block that will be lost.
    for (const origin of [1, 1_000_000, 1_000_000]) {
      const slot = `0x${origin.toString(16).padStart(64, '0')}`
      await anvil(l2, 'anvil_setStorageAt', [predeploys.L1Block, '0x0', slot])
      await anvil(l2, 'evm_mine', [])
      await store.save(l2)
    }
    const l2Head = (await getBlock(l2)).number
    // Two generations of L1 at least: there has to be one to go back to.
    const begun = readDurable(first.l1DurablePath)?.number ?? 0
    while ((readDurable(first.l1DurablePath)?.number ?? 0) < begun + 3) await sleep(20)
    await first.stop()
    const newest = (await openDumpStore({ dir: anvilPaths(folder.dir).l1.dumps }).latest())?.path ?? ''
    const bytes = readFileSync(newest)
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1
    writeFileSync(newest, bytes)
    await assert.rejects(start(), CorruptedStateError)

    assert.equal((await repairAnvilEngine(folder.dir)).length, 3)
    const second = await start()
    try {
      assert.equal((await getBlock(rpc(second.l2RpcUrl))).number, l2Head - 2n)
    } finally {
      await second.stop()
    }
  })

  it(`keeps every durable block over ${KILLS} kills of the whole engine at random moments`, async () => {
    const key = generatePrivateKey()
    const sender = account()
    const file = join(folder.dir, 'config.json')
    const killConfig = { ...fast, testL1: { funded: [sender.address] } }
    writeFileSync(
      file,
      JSON.stringify({ config: killConfig, key }, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
    )
    const dir = join(folder.dir, 'engine')
    const durable: DurableBlock[] = []
    const acknowledged = new Map<Hash, Hash>()

    for (let kill = 0; kill < KILLS; kill++) {
      const { child, l1 } = await spawnEngine(dir, file)
      const client = clientOf(l1, config.l1.chainId, sender)
      const receipts: TransactionReceipt[] = []
      const until = Date.now() + 100 + Math.random() * 500
      while (Date.now() < until) {
        const hash = await sendTransaction(client, { to: sender.address, value: 1n })
        await sleep(60)
        const receipt = await getTransactionReceipt(client, { hash }).catch(() => undefined)
        if (receipt !== undefined) receipts.push(receipt)
      }
      child.kill('SIGKILL')
      const block = readDurable(anvilPaths(dir).l1.durable)
      assert.ok(block !== undefined)
      durable.push(block)
      for (const { transactionHash, blockHash, blockNumber } of receipts) {
        if (blockNumber <= block.number) acknowledged.set(transactionHash, blockHash)
      }
    }

    assert.ok((await stopOrphans(dir)).length > 0, 'a killed engine leaves its nodes behind')
    const engine = await startAnvilEngine({
      dir,
      ports: { l1: 0, l2: 0 },
      config: killConfig,
      deployer: privateKeyToAccount(key),
    })
    try {
      const client = rpc(engine.l1RpcUrl)
      for (const { number, hash } of durable) {
        assert.equal((await getBlock(client, { blockNumber: BigInt(number) })).hash, hash, `block ${number}`)
      }
      assert.ok(acknowledged.size > KILLS, `only ${acknowledged.size} transactions in durable blocks`)
      for (const [hash, blockHash] of acknowledged) {
        assert.equal((await getTransactionReceipt(client, { hash })).blockHash, blockHash)
      }
    } finally {
      await engine.stop()
    }
  })
})

async function spawnEngine(dir: string, file: string): Promise<{ child: ChildProcess; l1: string }> {
  const script = join(import.meta.dirname, 'engineProcess.ts')
  const child = spawn(process.execPath, ['--import', 'tsx', script, dir, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const { l1 } = JSON.parse(line) as { l1: string }
    return { child, l1 }
  }
  throw new Error('the engine process ended before it was up')
}
