import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createTestClient,
  decodeFunctionData,
  type Hash,
  type Hex,
  http,
  type TransactionReceipt,
} from 'viem'
import { readOwnOutput } from '../../../bridge/outputs.ts'
import { outputProposer } from '../../../chain/generated/abi.ts'
import { l2OutputOracleAbi } from '../../../chain/generated/opAbi.ts'
import { connectNode } from '../../../services/runtime/agreement/connect.ts'
import { createLog } from '../../../services/runtime/log.ts'
import type { Outbox } from '../../../services/runtime/outbox.ts'
import { type Network, openNetwork, request } from '../../../services/sequencer/network.ts'
import { proposeNext } from '../../../services/sequencer/propose.ts'
import { openSequencerStore, type SequencerStore } from '../../../services/sequencer/store.ts'
import { type BridgedPair, startBridgedPair } from '../../bridge/bridgedPair.ts'

const confirmations = 4n

describe('proposals', function () {
  this.timeout(120_000)
  let chains: BridgedPair
  let folder: string
  let store: SequencerStore
  let network: Network

  before(async () => {
    chains = await startBridgedPair()
    folder = await mkdtemp(join(tmpdir(), 'propose-'))
    store = await openSequencerStore(join(folder, 'messages'), 'test')
    const { l1, l2 } = chains.manifest
    network = await openNetwork({
      manifest: { ...chains.manifest, version: 1, name: 'test', networks: [], indices: [], services: {} },
      ...{
        store,
        dumps: undefined,
        log: createLog('test', 'silent'),
        l1DurablePath: undefined,
        confirmations,
      },
      l1Nodes: connectNode(l1.rpcUrl),
      l2Nodes: connectNode(l2.rpcUrl),
    })
  })
  after(async () => {
    await store?.close()
    await rm(folder, { recursive: true, force: true })
    await chains?.stop()
  })

  const chain = (side: 'l1' | 'l2') =>
    createTestClient({ mode: 'anvil', transport: http(chains.manifest[side].rpcUrl) })
  /** What was proposed, if anything: the outbox's part ends here. */
  const proposed = async () => {
    const sent: { l2Block: bigint; bound: Hash; boundNumber: bigint }[] = []
    const send: Outbox['send'] = async ({ data }) => {
      const { args } = decodeFunctionData({ abi: outputProposer.abi, data })
      const [, l2Block, bound, boundNumber] = args as [Hex, bigint, Hash, bigint]
      sent.push({ l2Block, bound, boundNumber })
      return { status: 'success' } as TransactionReceipt
    }
    const isProposed = await proposeNext(network, { lookup: () => undefined, send } as unknown as Outbox)
    assert.equal(isProposed, sent.length === 1)
    return sent[0]
  }
  const l1Block = async (blockNumber: bigint) => {
    const { number, hash } = await chains.l1.getBlock({ blockNumber })
    return { number, hash }
  }

  it('name an L1 block that the origin of their L2 block is under, and wait while L1 is shorter than it was', async () => {
    const { l1, l2, manifest } = chains
    const number = await l1.readContract({
      address: manifest.l1.contracts.L2OutputOracle,
      abi: l2OutputOracleAbi,
      functionName: 'nextBlockNumber',
    })
    await chain('l2').mine({ blocks: Number(number - (await l2.getBlockNumber())) })
    await chain('l1').mine({ blocks: 10 })
    const top = await l1.getBlockNumber()
    const origin = await l1Block(top - confirmations)
    const { hash } = await l2.getBlock({ blockNumber: number })
    await store.applyFinal({ messages: [], l2: [{ number, hash, origin, minted: 0n }], l1: [origin] })
    const output = await readOwnOutput(l2, number)
    await store.putOutput({ number, ...output, proof: {} as never })

    const bound = { l2Block: number, bound: origin.hash, boundNumber: origin.number }
    assert.deepEqual(await proposed(), bound)
    await chain('l1').mine({ blocks: 2 })
    const later = await l1Block(origin.number + 2n)
    assert.deepEqual(await proposed(), { ...bound, bound: later.hash, boundNumber: later.number })

    // The origin is still there, and would be after another reorganisation only by luck.
    await request(chain('l1'), 'anvil_rollback', [3])
    assert.equal(await l1.getBlockNumber(), top - 1n)
    assert.deepEqual(await l1Block(origin.number), origin)
    assert.equal(await proposed(), undefined)
    await chain('l1').mine({ blocks: 1 })
    assert.deepEqual(await proposed(), bound)
  })
})
