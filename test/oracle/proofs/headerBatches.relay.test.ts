import assert from 'node:assert/strict'
import { type Hash, toHex } from 'viem'
import { z } from 'zod'
import { headerHash, parseHeader } from '../../../oracle/header.ts'
import { bitsToTarget, workOf } from '../../../oracle/target.ts'
import type { TestNode } from '../../chain/fixture.ts'
import { needData, recorded } from '../recorded.ts'
import {
  compact,
  cutByDay,
  deployRelay,
  type Genesis,
  headersIn,
  lastHash,
  type Relay,
  relayAll,
  reverts,
  startRelayNode,
} from '../relayFixture.ts'

const retargets = new Map<number, { time: number; bits: number; chainwork: bigint }>()

const summaHeader = z
  .object({ digest: z.string(), height: z.number(), hex: z.string() })
  .transform(({ digest, height, hex }) => ({
    // Safe because a wrong one is refused by the relay.
    hash: digest as Hash,
    height,
    header: Buffer.from(hex.slice(2), 'hex').subarray(0, 80),
  }))

describe('bitcoin relay: recorded headers', function () {
  this.timeout(180_000)
  let node: TestNode

  before(async function () {
    needData(this)
    for (const line of recorded('btc_retargets.csv').toString().split('\n').slice(1)) {
      const [height, , time, , bits, , , , , chainwork] = line.split(',')
      if (chainwork)
        retargets.set(Number(height), {
          time: Number(time),
          bits: Number(bits),
          chainwork: BigInt(`0x${chainwork}`),
        })
    }
    node = await startRelayNode()
  })
  after(() => node?.stop())

  const epochOf = (height: number) => {
    const epoch = retargets.get(height - (height % 2_016))
    assert.ok(epoch)
    return epoch
  }

  /** The checkpoint at the eleventh of consecutive headers. */
  function startAt(headers: Buffer[], firstHeight: number): Genesis {
    const first = headers.slice(0, 11).map(parseHeader)
    const height = firstHeight + 10
    const { time, bits, chainwork } = epochOf(height)
    return {
      hash: lastHash(headers.slice(0, 11)),
      height,
      chainwork: chainwork + BigInt(height % 2_016) * workOf(bitsToTarget(bits)),
      bits,
      epochStart: time,
      times: first.map((header) => header.time),
    }
  }

  /** Relays a file of consecutive headers and compares with the recorded chainwork of each epoch in it. */
  async function relayFile(name: string, firstHeight: number) {
    const headers = headersIn(recorded(name))
    const genesis = startAt(headers, firstHeight)
    const relay = await deployRelay(node, { genesis })
    const rest = headers.slice(11)
    // A batch also ends with the first block of an epoch, so that there is a checkpoint to look at.
    const batches = cutByDay(genesis.times, rest).flatMap((batch) => {
      const height = firstHeight + headers.indexOf(batch[0] as Buffer)
      const cut = (2_016 - (height % 2_016)) % 2_016
      return cut + 1 < batch.length ? [batch.slice(0, cut + 1), batch.slice(cut + 1)] : [batch]
    })
    const receipts = await relayAll(relay, genesis.hash, batches)
    assert.equal(await relay.best(), lastHash(rest))
    return { headers, relay, batches, receipts, genesis }
  }

  async function checkEpochs(relay: Relay, headers: Buffer[], firstHeight: number): Promise<number> {
    let found = 0
    for (let height = firstHeight + 11; height < firstHeight + headers.length; height++) {
      if (height % 2_016 !== 0) continue
      const header = headers[height - firstHeight]
      assert.ok(header)
      const checkpoint = await relay.checkpointOf(headerHash(header))
      const { bits, chainwork, time } = epochOf(height)
      assert.deepEqual(
        [checkpoint.height, checkpoint.bits, checkpoint.chainwork, checkpoint.epochStart],
        [height, bits, chainwork, time],
      )
      found++
    }
    return found
  }

  it('follows a week of 2024 over a retarget', async () => {
    const { headers, relay } = await relayFile('btc_headers_832001_833097.bin', 832_001)
    assert.equal(await checkEpochs(relay, headers, 832_001), 1)
  })

  it('follows 10,000 headers of 2010 over five retargets, 103 of them earlier than the one before', async () => {
    const { headers, relay } = await relayFile('btc_headers_40000_49999.bin', 40_000)
    assert.equal(await checkEpochs(relay, headers, 40_000), 5)
    const times = headers.map((header) => parseHeader(header).time)
    assert.equal(times.filter((time, index) => time < (times[index - 1] ?? 0)).length, 103)
  })

  it('refuses the wrong ones, and what it has already, with the reason', async () => {
    const headers = headersIn(recorded('btc_headers_832001_833097.bin'))
    const genesis = startAt(headers, 832_001)
    const relay = await deployRelay(node, { genesis })
    const batches = cutByDay(genesis.times, headers.slice(11))
    const [first = [], second = []] = batches
    const { hash } = genesis

    await assert.rejects(relay.tryHeaders(lastHash(first), compact(second)), reverts('UnknownCheckpoint'))
    await assert.rejects(
      relay.tryHeaders(hash, compact([...first, ...second.slice(0, 1)])),
      reverts('CrossesMidnight'),
    )
    await assert.rejects(relay.tryHeaders(hash, compact(first.slice(1))), reverts('NotEnoughWork'))
    await relay.addHeaders(hash, compact(first))
    await assert.rejects(relay.tryHeaders(hash, compact(first)), reverts('CheckpointKnown'))
    await relay.addHeaders(lastHash(first), compact(second))
  })

  it('refuses every header of which one bit is another', async () => {
    const headers = headersIn(recorded('btc_headers_832001_833097.bin'))
    const genesis = startAt(headers, 832_001)
    const relay = await deployRelay(node, { genesis })
    const header = Buffer.from(compact(headers.slice(11, 12)).slice(2), 'hex')
    await relay.tryHeaders(genesis.hash, toHex(header))
    for (let bit = 0; bit < 384; bit++) {
      const other = Buffer.from(header)
      other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      await assert.rejects(relay.tryHeaders(genesis.hash, toHex(other)))
    }
  })

  /**
   * A relay at the first header of a short file. Its predecessors are not in the file: ten times at intervals of ten minutes
   * stand in for theirs.
   */
  async function shortRelay(genesis: { hash: Hash; height: number; header: Buffer }) {
    const { time, bits } = parseHeader(genesis.header)
    const { time: epochStart } = epochOf(genesis.height)
    const times = Array.from({ length: 11 }, (_, index) => time - 600 * (10 - index))
    const relay = await deployRelay(node, {
      genesis: { hash: genesis.hash, height: genesis.height, chainwork: 1n, bits, epochStart, times },
    })
    return { relay, times }
  }

  async function reorganise(
    relay: Relay,
    times: number[],
    start: Hash,
    chain: Buffer[],
    orphan: Buffer,
  ): Promise<void> {
    const below = chain.findIndex((header) => headerHash(header) === parseHeader(orphan).previousHash)
    assert.ok(below >= 0)
    const common = chain.slice(0, below + 1)
    await relayAll(relay, start, cutByDay(times, common))
    const fork = lastHash(common)
    await relay.addHeaders(fork, compact([orphan]))
    assert.equal(await relay.best(), headerHash(orphan))

    const rest = chain.slice(below + 1)
    await relay.addHeaders(fork, compact(rest.slice(0, 1)))
    assert.equal(await relay.best(), headerHash(orphan), 'of equals the first stays')
    await relay.addHeaders(lastHash(rest.slice(0, 1)), compact(rest.slice(1)))
    assert.equal(await relay.best(), lastHash(rest))
  }

  it('reorganises away the orphan 437,478, over a retarget', async () => {
    const file = z
      .object({
        genesis: summaHeader,
        orphan_437478: summaHeader,
        preRetargetChain: z.array(summaHeader),
        postRetargetChain: z.array(summaHeader),
      })
      .parse(JSON.parse(recorded('btc_headersReorgAndRetarget_summa.json').toString()))
    const { relay, times } = await shortRelay(file.genesis)
    const chain = [...file.preRetargetChain, ...file.postRetargetChain].map(({ header }) => header)
    await reorganise(relay, times, file.genesis.hash, chain, file.orphan_437478.header)
  })

  it('reorganises away the orphan 562,630, and refuses the bad header', async () => {
    const file = z
      .object({
        genesis: summaHeader,
        orphan_562630: summaHeader,
        badHeader: z.object({ hex: z.string() }),
        chain: z.array(summaHeader),
      })
      .parse(JSON.parse(recorded('btc_headers_562621_reorg_summa.json').toString()))
    const { relay, times } = await shortRelay(file.genesis)
    const chain = file.chain.map(({ header }) => header)
    await reorganise(relay, times, file.genesis.hash, chain, file.orphan_562630.header)

    const bad = Buffer.from(file.badHeader.hex.slice(2), 'hex')
    await assert.rejects(relay.tryHeaders(lastHash(chain), compact([bad])))
  })

  it('follows the retarget at 554,400', async () => {
    const file = z
      .object({ genesis: summaHeader, chain: z.array(summaHeader) })
      .parse(JSON.parse(recorded('btc_headersWithRetarget_summa.json').toString()))
    const { relay, times } = await shortRelay(file.genesis)
    const chain = file.chain.map(({ header }) => header)
    await relayAll(relay, file.genesis.hash, cutByDay(times, chain))
    const { bits } = await relay.checkpointOf(lastHash(chain))
    assert.equal(bits, epochOf(554_400).bits)
  })
})
