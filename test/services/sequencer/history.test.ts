import assert from 'node:assert/strict'
import { join } from 'node:path'
import { encodeFunctionData, type Hex, pad, parseEther } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { depositErc20Call, depositEtherCall, withdrawEtherCall } from '../../../bridge/actions.ts'
import { optimismPortalAbi } from '../../../chain/generated/opAbi.ts'
import { networkIdentity } from '../../../chain/identity.ts'
import { connectNode } from '../../../services/runtime/agreement/connect.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { follow } from '../../../services/sequencer/blocks.ts'
import { HistoryIncompleteError } from '../../../services/sequencer/errors.ts'
import { openNetwork } from '../../../services/sequencer/network.ts'
import type { MessageRecord } from '../../../services/sequencer/records.ts'
import type { Status } from '../../../services/sequencer/status.ts'
import { openSequencerStore, type SequencerStore } from '../../../services/sequencer/store.ts'
import { type AlteredNode, alteredNode, type Reply } from '../../support/alteredNode.ts'
import { minedOn, onL1, startTestNetwork, type TestNetwork, until } from '../sequencerNetwork.ts'

// A store that was written block by block while everything happened, and others that read the same chains in bulk afterwards.

const stranger = () => privateKeyToAccount(generatePrivateKey()).address

describe('sequencer history', function () {
  this.timeout(300_000)
  let network: TestNetwork
  let live: SequencerStore
  let stores = 0
  const altered: AlteredNode[] = []

  before(async () => {
    network = await startTestNetwork()
    const { manifest, l1 } = network
    await onL1(network, 'user', depositEtherCall({ manifest, amount: 5n, to: stranger() }))
    await onL1(
      network,
      'user',
      depositErc20Call({ manifest, token: network.wbtc.l1, amount: 7n, to: stranger() }),
    )
    const portal = manifest.l1.contracts.OptimismPortal
    const plain = (to: Hex, value: bigint, data: Hex = '0x') =>
      encodeFunctionData({
        abi: optimismPortalAbi,
        functionName: 'depositTransaction',
        args: [to, value, 100_000n, false, data],
      })
    await onL1(network, 'user', { to: portal, data: plain(stranger(), 3n), value: 3n })
    // More than its sender has: L2 executes what is left of it.
    await onL1(network, 'user', { to: portal, data: plain(stranger(), parseEther('1000')), value: 11n })
    // Reverts on L2: the messenger takes calls of its own kind alone.
    await onL1(network, 'user', {
      to: portal,
      data: plain(pad('0x07', { size: 20 }), 0n, '0xdeadbeef'),
      value: 0n,
    })
    const hash = await network
      .l2Wallet('user')
      .sendTransaction(withdrawEtherCall({ amount: 9n, to: stranger() }))
    await minedOn(network.l2, hash)
    const mine = (blocks: number) => l1.request({ method: 'anvil_mine', params: [blocks] } as never)
    await mine(200)
    const deposits = () => network.ask<{ messages: MessageRecord[] }>('/v1/messages?kind=deposit')
    await until(
      async () => {
        const { messages } = await deposits()
        return messages.length >= 7 && messages.every(({ state }) => state === 'final' || state === 'failed')
      },
      'the end of every deposit',
      90,
    )
    await until(
      async () => BigInt((await network.ask<Status>('/v1/status')).l2.durable ?? 0) > 200n,
      'blocks on L2',
      120,
    )
    await network.killSequencer()
    live = await openSequencerStore(join(network.dir, 'sequencer', 'messages'), networkIdentity(manifest))
  })
  after(async () => {
    await live?.close()
    for (const { close } of altered) await close()
    await network?.close()
  })

  async function through(url: string, change: (reply: Reply) => unknown): Promise<string> {
    const node = await alteredNode(url, change)
    altered.push(node)
    return node.url
  }

  type Nodes = { l1?: string; l2?: string; store?: SequencerStore }
  async function readAnew({ l1, l2, store }: Nodes = {}) {
    const { manifest, l1: client, l2Node } = network
    stores += 1
    const opened =
      store ?? (await openSequencerStore(join(network.dir, `anew-${stores}`), networkIdentity(manifest)))
    const connected = await openNetwork({
      ...{ manifest, store: opened, dumps: undefined, log: createLog('test', 'silent') },
      ...{ l1DurablePath: undefined, confirmations: 4n },
      l1Nodes: connectNode(l1 ?? client.transport.url),
      l2Nodes: connectNode(l2 ?? l2Node.transport.url),
    })
    // The live service was killed with a block that it had not read.
    const upTo = (await live.l2Head())?.number
    return { store: opened, read: () => follow(connected, upTo) }
  }

  async function messagesOf(store: SequencerStore): Promise<Map<string, MessageRecord>> {
    const found = new Map<string, MessageRecord>()
    for await (const message of store.messages()) found.set(message.id, message)
    return found
  }

  /** Without what L1 has said since: at which block it was looked at is chance. */
  const core = ({ history, state, ...message }: MessageRecord) => ({
    ...message,
    state: message.kind === 'withdrawal' ? 'seen' : state,
    history: message.kind === 'withdrawal' ? history.slice(0, 1) : history.slice(0, 4),
  })

  async function assertSame(store: SequencerStore): Promise<void> {
    const [expected, given] = [await messagesOf(live), await messagesOf(store)]
    assert.deepEqual([...given.keys()].sort(), [...expected.keys()].sort())
    for (const [id, message] of expected)
      assert.deepEqual(core(given.get(id) ?? assert.fail(id)), core(message))
    assert.deepEqual(store.tally().counts.deposit, live.tally().counts.deposit)
    assert.equal(store.tally().withdrawnWei, live.tally().withdrawnWei)
    const head = await store.l2Head()
    assert.deepEqual(head, await live.l2Header(head?.number ?? 0n))
  }

  it('reads in bulk what was read block by block', async () => {
    const kinds = [...(await messagesOf(live)).values()].map(
      ({ kind, state, effect }) => `${kind} ${effect.kind} ${state}`,
    )
    for (const kind of [
      'deposit erc20 final',
      'deposit ether final',
      'deposit ether failed',
      'deposit call failed',
    ]) {
      assert.ok(kinds.includes(kind), `no ${kind} among ${kinds.join(', ')}`)
    }
    const { store, read } = await readAnew()
    await read()
    await assertSame(store)
    // Headers of what is final are not kept one by one: that is how one sees that it was read in bulk.
    assert.equal(await store.l2Header(20n), undefined)
    await store.close()
  })

  it('begins a page again after a kill in its midst, and counts nothing twice', async () => {
    const { store, read } = await readAnew()
    const some = [...(await messagesOf(live)).values()].slice(0, 4)
    await store.applyFinal({ messages: some })
    await read()
    await assertSame(store)
    await store.close()
  })

  it('reads all anew when L2 is another one below what was final', async () => {
    const { store, read } = await readAnew()
    await read()
    const floor = await store.l2Head()
    assert.ok(floor)
    await store.rewind({ l1: 0n, l2: 3n })
    assert.deepEqual(await messagesOf(store), new Map())
    assert.deepEqual(store.tally().counts, { deposit: {}, withdrawal: {} })
    const again = await readAnew({ store })
    await again.read()
    await assertSame(store)
    await store.close()
  })

  it('F2: notices a log that a node of L1 leaves out, and one that it makes up', async () => {
    const { l1 } = network
    const lies: ((logs: unknown[]) => unknown)[] = [
      (logs) => logs.slice(1),
      (logs) => logs.slice(0, -1),
      (logs) => [...logs, { ...(logs.at(-1) as object), logIndex: '0x77' }],
    ]
    for (const lie of lies) {
      const url = await through(l1.transport.url, ({ method, params, result }) => {
        const [filter] = params as [{ fromBlock?: Hex }?]
        return method === 'eth_getLogs' && filter?.fromBlock !== undefined ? lie(result as unknown[]) : result
      })
      const { store, read } = await readAnew({ l1: url })
      await assert.rejects(read(), HistoryIncompleteError)
      assert.equal(await store.l2Head(), undefined)
      await store.close()
    }
  })

  it('F2: reads the withdrawals that a node of L2 leaves out of its logs', async () => {
    const { l2Node } = network
    let left = 0
    const url = await through(l2Node.transport.url, ({ method, result }) => {
      if (method !== 'eth_getLogs' || !Array.isArray(result) || result.length === 0) return result
      left += 1
      return []
    })
    const { store, read } = await readAnew({ l2: url })
    await read()
    assert.ok(left > 0)
    await assertSame(store)
    await store.close()
  })

  it('asks in halves where a node refuses so many logs at once', async () => {
    const { l1 } = network
    let refused = 0
    const url = await through(l1.transport.url, ({ method, params, result }) => {
      const [filter] = params as [{ fromBlock?: Hex; toBlock?: Hex }?]
      if (method !== 'eth_getLogs' || filter?.fromBlock === undefined) return result
      if (Number(filter.toBlock) - Number(filter.fromBlock) < 10) return result
      refused += 1
      return { error: { code: -32_602, message: 'too many' } }
    })
    const { store, read } = await readAnew({ l1: url })
    await read()
    assert.ok(refused > 0)
    await assertSame(store)
    await store.close()
  })
})
