import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { mainnet } from '../../../oracle/bitcoinChain.ts'
import { buried, completeDays } from '../../../oracle/dayTotals.ts'
import { InvalidBlockError } from '../../../oracle/errors.ts'
import { simulatedChain } from '../../../oracle/simulator/chain.ts'
import { firstDay, firstHeight } from '../../../oracle/simulator/rules.ts'
import { continueAfter } from '../../../oracle/sources/continueAfter.ts'
import {
  BlockPrunedError,
  BlockUnavailableError,
  ChainReorganisedError,
  CookieRefusedError,
  NoBlockAtHeightError,
  NodeRpcError,
  NodeSyncingError,
  RateLimitedError,
  SourceAnswerError,
  SourceBehindError,
  SourceFailedError,
  SourceRefusedError,
  SourceTimeoutError,
  SourceUnreachableError,
  SourceUrlError,
  WrongChainError,
} from '../../../oracle/sources/errors.ts'
import { createNodeSource } from '../../../oracle/sources/node.ts'
import { collect, facts, isExpected } from './reading.ts'
import { createStubChain, rawBlock, type StubChain } from './stubChain.ts'
import { type StubNode, startStubNode } from './stubNode.ts'
import type { Reaction } from './stubService.ts'

const seed = 'node'
const quick = { timeoutMs: 10_000, backoffMs: 1 }

describe('node source', () => {
  const chain = simulatedChain(seed)
  let stub: StubChain
  let node: StubNode
  beforeEach(async () => {
    stub = createStubChain(seed, 30)
    node = await startStubNode(stub)
  })
  afterEach(() => node.stop())
  const sourceOf = (more: Partial<Parameters<typeof createNodeSource>[0]> = {}) =>
    createNodeSource({ url: node.url, credentials: node.credentials, chain, ...quick, ...more })

  /** Fails in this way once, or always, whenever `question` is asked. */
  function failAt(question: string, reaction: Reaction, times = Number.POSITIVE_INFINITY) {
    let left = times
    node.fault((asked) => (asked === question && left-- > 0 ? reaction : undefined))
  }

  it('reads the facts of each block, and what proves them, from its bytes', async () => {
    const read = await collect(sourceOf().blocks())
    assert.deepEqual(read.map(facts), stub.blocks.map(facts))
    assert.deepEqual(
      (await collect(sourceOf().blocks(firstHeight + 20))).map(facts),
      read.slice(21).map(facts),
    )
    assert.deepEqual(facts(await sourceOf().proofOf(firstHeight + 12)), facts(stub.blocks[12]))
    const { height, hash } = stub.tip()
    assert.deepEqual(await sourceOf().tip(), { height, hash })
    await assert.rejects(sourceOf().proofOf(height + 1), NoBlockAtHeightError)
  })

  it('closes the same days as the chain itself', async () => {
    stub.mine(450)
    const source = sourceOf({ keptBlocks: 64 })
    const read = await collect(completeDays(buried(source.blocks(), source.confirmations), { firstDay }))
    assert.deepEqual(read, await collect(completeDays(buried(stub.blocks, 6), { firstDay })))
    assert.ok(read.length >= 2, `${read.length} days`)
  })

  it('reads no block twice, and asks no more than it must when it looks again', async () => {
    const source = sourceOf()
    await collect(source.blocks())
    node.asked()
    stub.mine(1)
    const read = await collect(source.blocks(firstHeight + 4))
    assert.equal(read.length, 26)
    // The state, the last block known, the new one, nothing above it.
    assert.deepEqual(node.asked(), [
      'getblockchaininfo',
      'getblockhash',
      'getblockhash',
      'getblockheader',
      'getblock',
      'getblockhash',
    ])
  })

  it('follows a reorganisation of any depth, and tells a reader who is in the midst of one', async () => {
    const source = sourceOf()
    await fc.assert(
      fc.asyncProperty(fc.nat(28), fc.integer({ min: 1, max: 5 }), async (depth, more) => {
        const before = await collect(source.blocks())
        const fork = stub.blocks.length - depth
        const reader = source.blocks(firstHeight + fork - 2)
        const first = await reader[Symbol.asyncIterator]().next()
        assert.equal(first.value?.hash, before[fork - 1]?.hash)

        stub.reorganise(depth, depth + more)
        const after = await collect(source.blocks())
        assert.deepEqual(after.map(facts), stub.blocks.map(facts))
        if (depth > 0) assert.notEqual(after[fork]?.hash, before[fork]?.hash)
      }),
      { numRuns: 10 },
    )
    // A reader stands on the block that is replaced.
    const reader = source.blocks(stub.tip().height - 3)[Symbol.asyncIterator]()
    await reader.next()
    await reader.next()
    stub.reorganise(2, 4)
    await assert.rejects(async () => {
      for (let step = 0; step < 8; step++) await reader.next()
    }, ChainReorganisedError)
    assert.deepEqual((await collect(source.blocks())).map(facts), stub.blocks.map(facts))
  })

  it('goes on after a closed day, and waits where the node does not reach that far', async () => {
    const { height: lastHeight, hash: lastHash } = stub.tip()
    const source = sourceOf()
    stub.mine(2)
    const next = await collect(continueAfter(source, { lastHeight, lastHash }))
    assert.deepEqual(next.map(facts), stub.blocks.slice(-2).map(facts))
    stub.blocks.length -= 3
    await assert.rejects(collect(continueAfter(source, { lastHeight, lastHash })), SourceBehindError)
  })

  it('waits for a node that is syncing or warming up, and reads nothing from it', async () => {
    node.state.initialblockdownload = true
    node.state.headers = 999_999
    await assert.rejects(
      collect(sourceOf().blocks()),
      (error) => error instanceof NodeSyncingError && error.retry && error.headers === 999_999,
    )
    await assert.rejects(sourceOf().tip(), NodeSyncingError)
    node.state.initialblockdownload = false

    const warming = { code: -28, message: 'Loading block index…' }
    failAt('getblockchaininfo', {
      status: 500,
      body: JSON.stringify({ result: null, error: warming, id: 1 }),
    })
    await assert.rejects(
      collect(sourceOf().blocks()),
      (error) => error instanceof NodeRpcError && error.retry && error.code === -28,
    )
  })

  it('says of a pruned block that it is gone, and of one not yet there that it comes', async () => {
    node.state.pruned = true
    node.state.pruneheight = firstHeight + 10
    await assert.rejects(
      collect(sourceOf().blocks()),
      (error) => error instanceof BlockPrunedError && !error.retry && error.pruneHeight === firstHeight + 10,
    )
    assert.equal((await collect(sourceOf().blocks(firstHeight + 9))).length, 20)

    const missing = { code: -1, message: 'Block not available (not fully downloaded)' }
    failAt('getblock', { status: 500, body: JSON.stringify({ result: null, error: missing, id: 1 }) })
    await assert.rejects(collect(sourceOf().blocks(firstHeight + 9)), BlockUnavailableError)
  })

  it('knows another chain by its first block, also when the node changes it', async () => {
    await assert.rejects(collect(sourceOf({ chain: mainnet }).blocks()), WrongChainError)
    const source = sourceOf()
    await collect(source.blocks())
    const other = createStubChain('another', 40)
    stub.blocks.splice(0, stub.blocks.length, ...other.blocks)
    await assert.rejects(
      collect(source.blocks()),
      (error) => error instanceof WrongChainError && !error.retry,
    )
    await assert.rejects(source.tip(), WrongChainError)
  })

  for (const [name, reaction, expected] of [
    ['an answer that does not come', 'hang', SourceTimeoutError],
    ['a connection that is cut', 'drop', SourceUnreachableError],
    ['half an answer', 'half', SourceUnreachableError],
    ['a full queue', { status: 503, body: 'Work queue depth exceeded' }, SourceFailedError],
    ['an error page', { body: '<html>' }, SourceAnswerError],
    ['JSON of something else', { body: '[]' }, SourceAnswerError],
    ['a result of another kind', { body: '{"result":7,"error":null,"id":1}' }, SourceAnswerError],
    ['hex that is cut', { body: '{"result":"abc","error":null,"id":1}' }, SourceAnswerError],
    ['too many requests', { status: 429, body: '', headers: { 'retry-after': '7' } }, RateLimitedError],
  ] as const) {
    it(`takes ${name} as something that may pass, and goes on from where it was`, async () => {
      const source = sourceOf({ timeoutMs: 150 })
      const read: unknown[] = []
      let failures = 0
      let last = firstHeight - 1
      failAt('getblock', reaction)
      for (let round = 0; round < 2; round++) {
        try {
          for await (const block of source.blocks(last)) {
            read.push(facts(block))
            last = block.height
          }
        } catch (error) {
          assert.ok(error instanceof expected, String(error))
          assert.equal(error.retry, true)
          assert.doesNotMatch(error.message, /secret/)
          failures += 1
          node.fault(() => undefined)
        }
      }
      assert.equal(failures, 1)
      assert.deepEqual(read, stub.blocks.map(facts))
    })
  }

  it('asks again, a few times, before it gives up', async () => {
    failAt('getblock', 'drop', 2)
    assert.equal((await collect(sourceOf({ attempts: 3 }).blocks())).length, 30)
    failAt('getblock', 'drop', 3)
    await assert.rejects(collect(sourceOf({ attempts: 3 }).blocks()), SourceUnreachableError)
    node.asked()
    failAt('getblock', { status: 429, body: '' })
    await assert.rejects(
      collect(sourceOf({ attempts: 3 }).blocks()),
      (error) => error instanceof RateLimitedError && error.waitSeconds === 60,
    )
    assert.equal(node.asked().filter((asked) => asked === 'getblock').length, 1)
  })

  it('survives a restart in the midst of reading', async () => {
    const source = sourceOf({ attempts: 1 })
    let last = firstHeight - 1
    const read: unknown[] = []
    for await (const block of source.blocks()) {
      read.push(facts(block))
      last = block.height
      if (read.length === 11) break
    }
    await node.stop()
    await assert.rejects(collect(source.blocks(last)), SourceUnreachableError)
    await node.start()
    read.push(...(await collect(source.blocks(last))).map(facts))
    assert.deepEqual(read, stub.blocks.map(facts))
  })

  it('follows the cookie that a node writes anew at each start', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hashsand-cookie-'))
    const cookieFile = join(folder, '.cookie')
    const source = sourceOf({ credentials: { cookieFile }, attempts: 1 })
    try {
      await assert.rejects(source.tip(), (error) => error instanceof CookieRefusedError && error.retry)
      await writeFile(cookieFile, 'reader:old')
      await assert.rejects(source.tip(), CookieRefusedError)
      await writeFile(cookieFile, 'reader:secret\n')
      assert.equal((await source.tip())?.height, stub.tip().height)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('refuses wrong credentials and URLs that it cannot use', async () => {
    const credentials = { user: 'reader', password: 'wrong' }
    await assert.rejects(
      sourceOf({ credentials }).tip(),
      (error) => error instanceof SourceRefusedError && !error.retry && !/wrong$/.test(error.message),
    )
    const silent = (error: unknown) => error instanceof SourceUrlError && !/secret/.test(error.message)
    const urls = ['here', 'ftp://127.0.0.1', 'http://user:secret@127.0.0.1']
    for (const url of urls) assert.throws(() => sourceOf({ url }), silent)
  })

  it('refuses a header or a block that is not the one it asked for, and a block with a bit changed', async () => {
    const other = stub.blocks[7]
    assert.ok(other !== undefined)
    const answer = (bytes: Uint8Array): Reaction => ({
      body: JSON.stringify({ result: Buffer.from(bytes).toString('hex'), error: null, id: 1 }),
    })
    failAt('getblockheader', answer(other.header))
    const another = (error: unknown) =>
      error instanceof InvalidBlockError && error.what === 'a header of hash'
    await assert.rejects(sourceOf().proofOf(firstHeight + 9), another)
    failAt('getblock', answer(rawBlock(other)))
    await assert.rejects(sourceOf().proofOf(firstHeight + 9), another)
    const block = stub.blocks.find(({ transactions }) => transactions.length > 3)
    assert.ok(block !== undefined)
    const bytes = rawBlock(block)
    const source = sourceOf()
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        failAt('getblock', answer(changed))
        await assert.rejects(source.proofOf(block.height), isExpected)
      }),
      { numRuns: 200 },
    )
  })
})
