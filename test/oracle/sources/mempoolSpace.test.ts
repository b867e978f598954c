import assert from 'node:assert/strict'
import { mainnet } from '../../../oracle/bitcoinChain.ts'
import { InvalidBlockError } from '../../../oracle/errors.ts'
import { headerHash, parseHeader } from '../../../oracle/header.ts'
import { simulatedChain } from '../../../oracle/simulator/chain.ts'
import { firstHeight } from '../../../oracle/simulator/rules.ts'
import {
  BlockUnavailableError,
  RateLimitedError,
  SourceAnswerError,
  SourceFailedError,
  WrongChainError,
} from '../../../oracle/sources/errors.ts'
import { createMempoolSpaceSource } from '../../../oracle/sources/mempoolSpace.ts'
import { needData, recorded } from '../recorded.ts'
import { collect, facts } from './reading.ts'
import { createStubChain, type StubChain } from './stubChain.ts'
import { startStubMempoolSpace } from './stubMempoolSpace.ts'
import type { Reaction, StubService } from './stubService.ts'

const seed = 'rest'

describe('mempool.space source', () => {
  const chain = simulatedChain(seed)
  let stub: StubChain
  let service: StubService
  beforeEach(async () => {
    stub = createStubChain(seed, 30)
    service = await startStubMempoolSpace(stub)
  })
  afterEach(() => service.stop())
  const sourceOf = (more: Partial<Parameters<typeof createMempoolSpaceSource>[0]> = {}) =>
    createMempoolSpaceSource({ url: service.url, chain, timeoutMs: 10_000, backoffMs: 1, ...more })

  /** Answers so whenever the path fits. */
  const failAt = (path: RegExp, reaction: Reaction) =>
    service.fault((asked) => (path.test(asked) ? reaction : undefined))

  it('reads what a node reads', async () => {
    assert.deepEqual((await collect(sourceOf().blocks())).map(facts), stub.blocks.map(facts))
    const { height, hash } = stub.tip()
    assert.deepEqual(await sourceOf().tip(), { height, hash })
    assert.deepEqual(facts(await sourceOf().proofOf(height)), facts(stub.tip()))
  })

  it('does without the extras of mempool.space where the service is an Esplora', async () => {
    failAt(/\/api\/v1\//, { status: 404, body: '' })
    await assert.rejects(collect(sourceOf().blocks()), SourceFailedError)
    assert.equal((await collect(sourceOf({ hasExtras: false }).blocks())).length, 30)
  })

  it('asks for one hash where nothing is new, and follows a reorganisation', async () => {
    const source = sourceOf()
    await collect(source.blocks())
    service.asked()
    await collect(source.blocks())
    const { height } = stub.tip()
    assert.deepEqual(service.asked(), [`/api/block-height/${height}`, `/api/block-height/${height + 1}`])
    stub.reorganise(3, 4)
    assert.deepEqual((await collect(source.blocks())).map(facts), stub.blocks.map(facts))
  })

  it('waits as long as it is told to, and says so', async () => {
    const later = new Date(Date.now() + 90_000).toUTCString()
    for (const [header, least, most] of [
      ['17', 17, 17],
      [later, 85, 91],
      ['soon', 60, 60],
    ] as const) {
      failAt(/header$/, { status: 429, body: '', headers: { 'retry-after': header } })
      await assert.rejects(collect(sourceOf().blocks()), (error) => {
        assert.ok(error instanceof RateLimitedError && error.retry)
        assert.ok(error.waitSeconds >= least && error.waitSeconds <= most, `${error.waitSeconds} s`)
        return true
      })
    }
  })

  it('refuses a service on another chain', async () => {
    await assert.rejects(collect(sourceOf({ chain: mainnet }).blocks()), WrongChainError)
  })

  it('takes a block that is named and not there as one that comes', async () => {
    failAt(/txids$/, { status: 404, body: 'Block not found' })
    await assert.rejects(collect(sourceOf().blocks()), BlockUnavailableError)
  })

  const at = 9
  const block = () => stub.blocks[at] ?? assert.fail()
  const proof = () => sourceOf().proofOf(firstHeight + at)

  it('refuses a header, txids or a coinbase of another block', async () => {
    const other = stub.blocks[at + 1] ?? assert.fail()
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    for (const [path, body] of [
      [/header$/, hex(other.header)],
      [/hex$/, hex(other.coinbase)],
      [/txids$/, JSON.stringify(other.txids.map((id) => Buffer.from(id).reverse().toString('hex')))],
    ] as const) {
      service.fault((asked) => (path.test(asked) && !asked.includes('height') ? { body } : undefined))
      await assert.rejects(proof(), InvalidBlockError, String(path))
    }
  })

  it('refuses words that contradict the block', async () => {
    const { height, medianTime, subsidy, fees } = block()
    const said = (change: object, extras: object = {}) => ({
      body: JSON.stringify({
        height,
        mediantime: medianTime,
        extras: { totalFees: Number(fees), reward: Number(subsidy + fees), ...extras },
        ...change,
      }),
    })
    failAt(/v1/, said({}))
    assert.deepEqual(facts(await proof()), facts(block()))
    for (const wrong of [
      said({ height: height + 1 }),
      said({ mediantime: medianTime + 1 }),
      said({}, { reward: 1 }),
    ]) {
      failAt(/v1/, wrong)
      await assert.rejects(proof(), InvalidBlockError)
    }
    for (const strange of [
      said({ height: String(height) }),
      said({}, { reward: '1' }),
      said({}, { totalFees: -1 }),
      said({ extras: null }),
      { body: '<html>' },
    ]) {
      failAt(/v1/, strange)
      await assert.rejects(proof(), SourceAnswerError)
    }
  })

  it('takes no text for a number or a hash that is not one', async () => {
    for (const body of ['', '-1', '1e3', ' 7', '0x10', '99999999999']) {
      failAt(/tip/, { body })
      await assert.rejects(sourceOf().tip(), SourceAnswerError)
    }
    for (const body of ['', 'ab'.repeat(31), 'AB'.repeat(32), `0x${'ab'.repeat(32)}`]) {
      failAt(/block-height/, { body })
      await assert.rejects(sourceOf().tip(), SourceAnswerError)
    }
    for (const body of ['[]', '["ab"]', '{}', '[1]', 'null']) {
      failAt(/txids/, { body })
      await assert.rejects(proof(), SourceAnswerError)
    }
  })

  it('knows the recorded words of mempool.space about block 363,366', function () {
    needData(this)
    const shapes = JSON.parse(recorded('pool_api_shapes.json').toString('utf8'))
    const { body } = shapes.mempool_block_v1_extras
    // The fields that are compared, where the recording has them, and that its header is the header of mainnet.
    assert.equal(typeof body.height, 'number')
    assert.equal(typeof body.mediantime, 'number')
    assert.equal(BigInt(body.extras.reward) - BigInt(body.extras.totalFees), 2_500_000_000n)
    const header = Buffer.from(body.extras.header, 'hex')
    assert.equal(parseHeader(header).time, body.timestamp)
    assert.match(headerHash(header), /^0x0000000000000000/)
  })
})
