import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createTestClient, http, keccak256, parseEther, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { getBlock } from 'viem/actions'
import { batchInbox } from '../../../../chain/deploy/l1.ts'
import { anvil } from '../../../../chain/engine/anvil/rpc.ts'
import type { EngineEvent } from '../../../../chain/engine/engine.ts'
import { watchBeacon } from '../../../../chain/engine/opstack/beacon.ts'
import {
  BeaconMissingError,
  BeaconUnreachableError,
  ForeignFolderError,
  L1ChainIdError,
  L1UnreachableError,
  WrongKeyError,
} from '../../../../chain/engine/opstack/errors.ts'
import { readNetworkFolder } from '../../../../chain/engine/opstack/networkFolder.ts'
import { type OperatorOptions, startOperator } from '../../../../chain/engine/opstack/operator.ts'
import { freePort, stopComponentOrphans } from '../../../../chain/engine/opstack/process.ts'
import { L1BlockError, OtherNetworkError } from '../../../../chain/engine/opstack/replicaErrors.ts'
import { rpc } from '../../../../chain/engine/opstack/rpc.ts'
import type { OpStackBuild } from '../../../../chain/opstack/build.ts'
import { sendL1 } from '../../../../services/cli/deploy/l1Side.ts'
import { writeNetwork } from '../../../../services/cli/deploy/networkFiles.ts'
import { parametersOf, startForeignL1, testRoles } from '../../../services/cli/deployFixture.ts'
import { account, startTestNode, type TestNode, temporaryFolder } from '../../fixture.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip } from './fixture.ts'

const chainId = 31_343

describe('operator on an L1 of others', function () {
  this.timeout(120_000)
  const keys = { batcher: generatePrivateKey(), proposer: generatePrivateKey() }
  const [batcher, proposer] = [privateKeyToAccount(keys.batcher), privateKeyToAccount(keys.proposer)]
  const events: EngineEvent[] = []
  let build: OpStackBuild
  let l1: TestNode
  let beacon: Beacon
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let options: OperatorOptions

  before(async function () {
    this.timeout(BUILD_TIMEOUT_MS)
    build = await buildOrSkip(this)
    folder = await temporaryFolder()
    const deployer = account()
    l1 = await startForeignL1(chainId, 'osaka', [deployer])
    // Enough to begin with, and too little to go on for long.
    for (const { address } of [batcher, proposer])
      await anvil(rpc(l1.rpcUrl), 'anvil_setBalance', [address, toHex(parseEther('0.05'))])
    beacon = await startBeacon()
    const rolesText = testRoles(chainId, 'osaka', ({ roles }) =>
      Object.assign(Object(roles), { batcher: batcher.address, proposer: proposer.address }),
    )
    const { parameters } = parametersOf({ dir: folder.dir, rpcUrl: l1.rpcUrl, rolesText, deployer })
    const sent = await sendL1(parameters)
    await writeNetwork({ ...sent, folder: parameters.folder, build, onProgress: () => {} })
    const miner = createTestClient({ mode: 'anvil', transport: http(l1.rpcUrl) })
    await anvil(miner, 'evm_setAutomine', [false])
    await miner.setIntervalMining({ interval: 2 })
    options = {
      dir: join(folder.dir, 'operator'),
      network: await readNetworkFolder(parameters.folder.network),
      l1RpcUrl: l1.rpcUrl,
      beaconUrl: beacon.url,
      batches: 'blobs',
      keys,
      ports: { l2: 0 },
      build,
      onEvent: (event) => events.push(event),
    }
  })
  after(async () => {
    if (options !== undefined) await stopComponentOrphans(options.dir)
    await beacon?.stop()
    await l1?.stop()
    await folder?.remove()
  })

  it('refuses keys that L1 does not know, other L1s and folders of something else, and leaves nothing behind', async () => {
    const swapped = { batcher: keys.proposer, proposer: keys.batcher }
    await assert.rejects(startOperator({ ...options, keys: swapped }), (error) => {
      assert.ok(error instanceof WrongKeyError)
      assert.deepEqual([error.role, error.expected], ['batcher', batcher.address])
      return true
    })
    const nowhere = `http://127.0.0.1:${await freePort('a test')}`
    await assert.rejects(startOperator({ ...options, l1RpcUrl: nowhere }), L1UnreachableError)
    for (const [id, expected] of [
      [chainId + 1, L1ChainIdError],
      // The same chain id is not the same chain.
      [chainId, L1BlockError],
    ] as const) {
      const other = await startTestNode(id, ['--hardfork', 'osaka'])
      await assert
        .rejects(startOperator({ ...options, l1RpcUrl: other.rpcUrl }), expected)
        .finally(() => other.stop())
    }
    assert.ok(!existsSync(options.dir))

    const foreign = join(folder.dir, 'foreign')
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'diary.txt'), '')
    await assert.rejects(startOperator({ ...options, dir: foreign }), ForeignFolderError)
    assert.deepEqual(readdirSync(foreign), ['diary.txt'])
  })

  it('refuses blob batches without a beacon node, or with one that does not answer', async () => {
    const { beaconUrl: _, ...without } = options
    await assert.rejects(startOperator(without), BeaconMissingError)
    const silent = `${beacon.url}/nothing/here`
    await assert.rejects(startOperator({ ...options, beaconUrl: silent }), (error) => {
      assert.ok(error instanceof BeaconUnreachableError)
      // It may hold a token.
      assert.ok(!error.message.includes(silent))
      return true
    })
  })

  // anvil takes blobs and then writes a transactions root that no client can verify, so op-node can't follow it any further:
  // this holds the edge, up to the batch on L1.
  it('sends batches in blobs, with a beacon node that op-node knows; pages for a sender without ether', async () => {
    const operator = await startOperator(options)
    try {
      const l2ChainId = options.network.manifest.l2.chainId
      let batches: string[] = []
      while (batches.length === 0) {
        await sleep(500)
        batches = await batchesOn(rpc(l1.rpcUrl), l2ChainId)
      }
      assert.deepEqual([...new Set(batches)], ['eip4844'])
      // One question is ours; op-node asks when it starts.
      assert.ok(beacon.asked.filter((path) => path === '/eth/v1/node/version').length >= 2)

      const pages = events.filter(({ what }) => what === 'out-of-funds')
      assert.deepEqual(
        pages.map(({ severity, component }) => `${severity} ${component}`),
        ['page op-batcher', 'page op-proposer'],
      )
      assert.match(String(pages[0]?.detail), new RegExp(`${batcher.address} has 0\\.0.* Send it some`))
    } finally {
      await operator.stop()
    }
  })

  it('does not go on with the chain of another network', async () => {
    const { manifest } = options.network
    const other = { ...manifest, l2: { ...manifest.l2, genesisHash: keccak256('0x01') } }
    await assert.rejects(
      startOperator({ ...options, network: { ...options.network, manifest: other } }),
      OtherNetworkError,
    )
  })

  it('pages once when the beacon node goes silent, and again after it has come back', async () => {
    const pages: string[] = []
    const watch = watchBeacon({
      url: beacon.url,
      pollMs: 10,
      patienceMs: 100,
      onEvent: ({ what, severity }) => pages.push(`${severity} ${what}`),
    })
    try {
      await sleep(200)
      assert.deepEqual(pages, [])
      for (const count of [1, 2]) {
        beacon.silence(true)
        await sleep(400)
        assert.deepEqual(pages, Array(count).fill('page beacon-unreachable'))
        beacon.silence(false)
        await sleep(100)
      }
    } finally {
      await watch.stop()
    }
  })
})

type Beacon = { url: string; asked: string[]; silence(on: boolean): void; stop(): Promise<void> }

/** As much of a beacon node as op-node asks before it reads a blob. */
async function startBeacon(): Promise<Beacon> {
  const asked: string[] = []
  let isSilent = false
  const server = createServer((request, response) => {
    const url = new URL(String(request.url), 'http://beacon')
    asked.push(url.pathname)
    const isKnown = !isSilent && url.pathname === '/eth/v1/node/version'
    response.writeHead(isKnown ? 200 : 503, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ data: { version: 'test' } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    asked,
    silence: (on) => {
      isSilent = on
    },
    stop: () => new Promise((resolve) => void server.close(() => resolve()).closeAllConnections()),
  }
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Types of the transactions with batches. */
async function batchesOn(client: Client, l2ChainId: number): Promise<string[]> {
  const inbox = batchInbox(l2ChainId).toLowerCase()
  const { number } = await getBlock(client)
  const types: string[] = []
  for (let height = 0n; height <= number; height++) {
    const { transactions } = await getBlock(client, { blockNumber: height, includeTransactions: true })
    types.push(
      ...transactions.filter(({ to }) => to?.toLowerCase() === inbox).map(({ type }) => String(type)),
    )
  }
  return types
}
