import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type Address,
  concatHex,
  createPublicClient,
  type Hash,
  type Hex,
  http,
  type PublicClient,
  pad,
  toHex,
} from 'viem'
import { serializeTransaction } from 'viem/op-stack'
import { admits, type LogFilter, logsOfBlock } from '../../bridge/blockLogs.ts'
import { ReceiptsMismatchError } from '../../bridge/errors.ts'
import { type AlteredNode, alteredNode } from '../support/alteredNode.ts'
import { type AnvilNode, startAnvil } from './anvilNode.ts'

// Blocks of a real node, whose headers and logs it computes itself, behind a proxy that leaves things out.

const emitters: readonly [Address, Address] = [pad('0xe1', { size: 20 }), pad('0xe2', { size: 20 })]
/** Logs 32 bytes under its first two words of call data. */
const emitterCode: Hex = '0x6020355f3560205fa2'
const topics = [1, 2, 3].map((number) => toHex(number, { size: 32 })) as [Hash, Hash, Hash]

/** What one transaction does. One without gas for it fails. */
type Step = { emitter: number; topic: number; subject: number; kind: 'legacy' | 'new' | 'deposit' | 'fails' }

const step = fc.record({
  emitter: fc.nat(1),
  topic: fc.nat(2),
  subject: fc.nat(2),
  kind: fc.constantFrom('legacy', 'new', 'fails'),
}) satisfies fc.Arbitrary<Step>

const filters: LogFilter[] = emitters.flatMap((address) =>
  topics.flatMap((topic) => [
    { address, topic },
    { address, topic, subjects: [topics[0], topics[2]] },
  ]),
)

for (const [network, args] of [
  ['L1', ['--hardfork', 'osaka']],
  ['L2', ['--network', 'optimism', '--hardfork', 'granite']],
] as const) {
  describe(`logs of a block of ${network}`, function () {
    this.timeout(120_000)
    let node: AnvilNode
    let client: PublicClient
    let from: readonly Address[]
    const altered: AlteredNode[] = []
    let sources = 0

    before(async () => {
      node = await startAnvil(['--no-mining', '--order', 'fifo', ...args])
      client = createPublicClient({ transport: http(node.url) })
      from = await node.rpc<Address[]>('eth_accounts')
      for (const emitter of emitters) await node.rpc('anvil_setCode', emitter, emitterCode)
    })
    after(async () => {
      for (const { close } of altered) await close()
      await node.kill()
    })

    function data({ topic, subject }: Step): Hex {
      return concatHex([topics[topic] ?? '0x', topics[subject] ?? '0x'])
    }

    async function send(one: Step): Promise<void> {
      const to = emitters[one.emitter]
      if (one.kind === 'deposit') {
        sources += 1
        const rest = { mint: 1n, value: 0n, gas: 100_000n, isSystemTx: false, data: data(one) }
        const sourceHash = toHex(sources, { size: 32 })
        const [sender = '0x'] = from
        const raw = serializeTransaction({ type: 'deposit', sourceHash, from: sender, to, ...rest })
        return void (await node.rpc('eth_sendRawTransaction', raw))
      }
      const gas = toHex(one.kind === 'fails' ? 22_400 : 100_000)
      const price = one.kind === 'legacy' ? { gasPrice: toHex(10n ** 10n) } : {}
      await node.rpc('eth_sendTransaction', { from: from[0], to, gas, data: data(one), ...price })
    }

    async function mined(steps: readonly Step[]) {
      for (const one of steps) await send(one)
      await node.rpc('evm_mine')
      return client.getBlock()
    }

    /** What an honest node finds by itself. */
    async function expected(blockHash: Hash, { address, topic, subjects }: LogFilter) {
      const asked = { address, blockHash, topics: [topic, subjects ?? null] }
      const logs = await node.rpc<{ logIndex: Hex; transactionHash: Hash; data: Hex; topics: Hex[] }[]>(
        'eth_getLogs',
        asked,
      )
      return logs.map((log) => [Number(log.logIndex), log.transactionHash, log.data, log.topics])
    }

    const told = async (asked: PublicClient, filter: LogFilter, block: Parameters<typeof logsOfBlock>[1]) => {
      const logs = await logsOfBlock(asked, block, filter)
      return logs.map((log) => [log.logIndex, log.transactionHash, log.data, log.topics])
    }

    async function through(change: Parameters<typeof alteredNode>[1]): Promise<PublicClient> {
      const proxy = await alteredNode(node.url, change)
      altered.push(proxy)
      return createPublicClient({ transport: http(proxy.url, { retryCount: 0 }) })
    }

    it('are those that an honest node finds, whatever the block holds', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
          const block = await mined(steps)
          for (const filter of filters)
            assert.deepEqual(await told(client, filter, block), await expected(block.hash, filter))
        }),
        { numRuns: 15 },
      )
    })

    // From 128 values on the keys of the trie have two bytes, and from 256 on three.
    it('are found among 260 transactions', async () => {
      const kinds = ['legacy', 'new', 'fails'] as const
      const steps = Array.from({ length: 260 }, (_, at): Step => {
        return { emitter: at % 2, topic: at % 3, subject: (at >> 2) % 3, kind: kinds[at % 3] ?? 'new' }
      })
      const block = await mined(steps)
      assert.equal(block.transactions.length, 260)
      const { status } = await client.getTransactionReceipt({ hash: block.transactions[2] ?? '0x' })
      assert.equal(status, 'reverted')
      for (const filter of filters)
        assert.deepEqual(await told(client, filter, block), await expected(block.hash, filter))
    })

    if (network === 'L2') {
      it('are found where a deposit made them, alone in its block', async () => {
        const block = await mined([{ emitter: 1, topic: 2, subject: 0, kind: 'deposit' }])
        for (const filter of filters)
          assert.deepEqual(await told(client, filter, block), await expected(block.hash, filter))
        assert.equal((await logsOfBlock(client, block, { address: emitters[1], topic: topics[2] })).length, 1)
      })
    }

    it('are admitted by the bloom of their header, and hardly any others', async () => {
      const block = await mined([{ emitter: 0, topic: 1, subject: 2, kind: 'new' }])
      assert.ok(admits({ address: emitters[0], topic: topics[1] })(block.logsBloom))
      assert.ok(admits({ address: emitters[0], topic: topics[1], subjects: [topics[2]] })(block.logsBloom))
      const strange = Array.from({ length: 500 }, (_, at) => toHex(0xabc0000 + at, { size: 32 }))
      const admitted = strange.filter((topic) => admits({ address: emitters[0], topic })(block.logsBloom))
      assert.ok(admitted.length <= 2, `${admitted.length} of 500`)
    })

    it('F2: are found although the node leaves them out of eth_getLogs', async () => {
      const block = await mined([
        { emitter: 0, topic: 1, subject: 2, kind: 'new' },
        { emitter: 0, topic: 1, subject: 1, kind: 'legacy' },
      ])
      const filter = { address: emitters[0], topic: topics[1] }
      const silent = await through(({ method, result }) => (method === 'eth_getLogs' ? [] : result))
      assert.deepEqual(await told(silent, filter, block), await expected(block.hash, filter))
      assert.equal((await told(silent, filter, block)).length, 2)
    })

    it('F2: are asked for one by one where the node does not know the method for a block', async () => {
      const block = await mined([{ emitter: 0, topic: 1, subject: 2, kind: 'new' }])
      const filter = { address: emitters[0], topic: topics[1] }
      const error = { code: -32_601, message: 'the method does not exist' }
      const old = await through(({ method, result }) =>
        method === 'eth_getBlockReceipts' ? { error } : result,
      )
      assert.deepEqual(await told(old, filter, block), await expected(block.hash, filter))
      const forgetful = await through(({ method, result }) => {
        if (method === 'eth_getBlockReceipts') return { error }
        return method === 'eth_getTransactionReceipt' ? null : result
      })
      await assert.rejects(logsOfBlock(forgetful, block, filter), ReceiptsMismatchError)
    })

    it('F2: are refused, and never other ones given, where receipts are incomplete, made up or none', async () => {
      const block = await mined([
        { emitter: 0, topic: 1, subject: 2, kind: 'new' },
        { emitter: 1, topic: 1, subject: 1, kind: 'legacy' },
        { emitter: 0, topic: 1, subject: 0, kind: 'new' },
      ])
      const filter = { address: emitters[0], topic: topics[1] }
      type Receipt = { logs: { topics: Hex[] }[]; status: Hex; [field: string]: unknown }
      let lie = (receipts: Receipt[]): unknown => receipts
      let isUsed = false
      const liar = await through(({ method, result }) => {
        if (method !== 'eth_getBlockReceipts') return result
        isUsed = true
        return lie(result as Receipt[])
      })
      const lies: ((receipts: Receipt[]) => unknown)[] = [
        (receipts) => receipts.slice(1),
        (receipts) => receipts.slice(0, -1),
        (receipts) => receipts.toReversed(),
        (receipts) => [...receipts, ...receipts.slice(0, 1)],
        ([first, ...rest]) => [{ ...first, logs: [] }, ...rest],
        ([first, ...rest]) => [{ ...first, logs: [...(first?.logs ?? []), ...(first?.logs ?? [])] }, ...rest],
        ([first, ...rest]) => [{ ...first, status: '0x0' }, ...rest],
        ([first, ...rest]) => [{ ...first, logs: rest[0]?.logs }, ...rest],
        ([first, ...rest]) => [{ ...first, logs: undefined }, ...rest],
        ([, ...rest]) => [null, ...rest],
        () => null,
        () => [],
        () => [7],
      ]
      for (const one of lies) {
        lie = one
        isUsed = false
        await assert.rejects(logsOfBlock(liar, block, filter), ReceiptsMismatchError, String(one))
        assert.ok(isUsed)
      }
      lie = (receipts) => receipts
      assert.equal((await logsOfBlock(liar, block, filter)).length, 2)
    })

    it('are no receipts asked for where header and node say that there are none', async () => {
      const block = await mined([{ emitter: 0, topic: 1, subject: 2, kind: 'new' }])
      const asked: string[] = []
      const counting = await through(({ method, result }) => {
        asked.push(method)
        return result
      })
      assert.deepEqual(await logsOfBlock(counting, block, { address: emitters[1], topic: topics[2] }), [])
      assert.deepEqual(asked, ['eth_getLogs'])
      // A header without a bloom hides nothing that the node shows.
      const bare = { ...block, logsBloom: toHex(0, { size: 256 }) }
      const filter = { address: emitters[0], topic: topics[1] }
      assert.deepEqual(await told(client, filter, bare), await expected(block.hash, filter))
    })
  })
}
