import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type Address, type Hex, sliceHex, toHex } from 'viem'
import { readContract } from 'viem/actions'
import { z } from 'zod'
import { loadArtifact } from '../../chain/artifacts.ts'
import { clientOf, type TestNode } from '../chain/fixture.ts'
import { bytesOf, recordedCoinbases } from './proofs/recordedCoinbases.ts'
import { needData, recorded } from './recorded.ts'
import { chainId, compact, deploy, headersIn, reverts, startRelayNode } from './relayFixture.ts'

/** Read in one call: the limit of gas is a node's. */
const headersAtOnce = 200
const mainnetLimitTarget = 0xffffn << 208n
const seed = 20_260_201

const littleEndianBits = z.string().transform((hex) => bytesOf(hex).readUInt32LE())
const vectors = z.object({
  /** First and last block of an epoch, and the first of the next one. */
  retargetAlgorithm: z
    .object({ input: z.object({ timestamp: z.number(), nbits: littleEndianBits }).array().length(3) })
    .array(),
})
const summaChain = z.object({ chain: z.object({ hex: z.string().transform(bytesOf) }).array() })

/** The contract reverts with `Differs` where the relay's libraries and keep-network's read the same bytes differently. */
describe('bitcoin libraries beside keep-network’s: recorded bytes', function () {
  this.timeout(180_000)
  let node: TestNode
  let both: Address
  const { abi, bytecode } = loadArtifact('hashsand', 'BitcoinDifferential')

  before(async function () {
    needData(this)
    node = await startRelayNode()
    both = await deploy(node, bytecode)
  })
  after(() => node?.stop())

  const ask = (functionName: string, args: readonly unknown[]) =>
    readContract(clientOf(node.rpcUrl, chainId), { address: both, abi, functionName, args })

  /** @returns How many of consecutive headers have the work that they say. */
  async function compareHeaders(headers: readonly Buffer[]): Promise<number> {
    let met = 0n
    for (let from = 0; from < headers.length; from += headersAtOnce) {
      const some = headers.slice(from, from + headersAtOnce)
      const parent = toHex(some[0]?.subarray(4, 36) ?? Buffer.alloc(32))
      // Safe because the ABI says two words; a loaded ABI has no types.
      const answer = (await ask('compareHeaders', [parent, compact(some)])) as [Hex, bigint]
      assert.equal(answer[0], toHex(twice(some.at(-1) ?? Buffer.alloc(0))))
      met += answer[1]
    }
    return Number(met)
  }

  for (const name of ['btc_headers_40000_49999.bin', 'btc_headers_832001_833097.bin']) {
    it(`reads every header of ${name} alike`, async () => {
      const headers = headersIn(recorded(name))
      assert.equal(await compareHeaders(headers), headers.length)
    })
  }

  it('computes the bits of each recorded epoch alike', async () => {
    let compared = 0
    for (const [name, firstHeight] of [
      ['btc_headers_40000_49999.bin', 40_000],
      ['btc_headers_832001_833097.bin', 832_001],
    ] as const) {
      const headers = headersIn(recorded(name))
      for (const [index, header] of headers.entries()) {
        const height = firstHeight + index
        const last = headers[index - 1]
        if (height % 2_016 !== 0 || last === undefined) continue
        const target = targetOf(last.readUInt32LE(72))
        const epochStart = retargets().get(height - 2_016)
        assert.ok(epochStart)
        const args = [target, epochStart, last.readUInt32LE(68), mainnetLimitTarget]
        assert.equal(await ask('compareRetarget', args), BigInt(header.readUInt32LE(72)))
        compared++
      }
    }
    assert.equal(compared, 6)
  })

  it('computes the bits of summa’s vectors alike', async () => {
    const { retargetAlgorithm } = vectors.parse(json('btc_spv_testVectors_summa.json'))
    for (const { input } of retargetAlgorithm) {
      const [first, last, next] = input
      assert.ok(first && last && next)
      const args = [targetOf(last.nbits), first.timestamp, last.timestamp, mainnetLimitTarget]
      assert.equal(await ask('compareRetarget', args), BigInt(next.nbits))
    }
    assert.equal(retargetAlgorithm.length, 9)
  })

  it('reads summa’s chain around an orphan alike', async () => {
    const { chain } = summaChain.parse(json('btc_headers_562621_reorg_summa.json'))
    const headers = chain.map(({ hex }) => hex.subarray(0, 80))
    assert.equal(await compareHeaders(headers), headers.length)
  })

  it('reads recorded headers with other bytes alike, though their work is gone', async () => {
    const headers = headersIn(recorded('btc_headers_832001_833097.bin'))
    const changed = headers.slice(0, 400).map((header, index) => {
      const bytes = Buffer.from(header)
      // Not the bits: theirs reads positive targets only.
      const at = (index * 7) % 72
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (index % 8))
      return bytes
    })
    for (const header of changed.filter((_, index) => index % 10 === 0)) {
      assert.equal(await compareHeaders([header]), 0)
    }
  })

  it('reads the ten recorded coinbases alike, but for the two without a height', async () => {
    for (const one of recordedCoinbases()) {
      const args = [one.coinbaseNoWitness, one.merkleBranch, one.height]
      if (one.height === 116_928 || one.height === 150_013) {
        await assert.rejects(ask('compareCoinbase', args), reverts('HeightMissing'))
        continue
      }
      assert.deepEqual(await ask('compareCoinbase', args), [
        BigInt(one.subsidy + one.fees),
        sliceHex(one.header, 36, 68),
      ])
    }
  })

  it('reads recorded coinbases with other bytes alike, or refuses them', async () => {
    const recordedOnes = recordedCoinbases().filter(({ height }) => height !== 116_928 && height !== 150_013)
    let taken = 0
    const change = fc.record({
      one: fc.constantFrom(...recordedOnes),
      at: fc.array(fc.nat(100_000), { minLength: 1, maxLength: 3 }),
      by: fc.integer({ min: 1, max: 255 }),
      cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 80 })),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ one, at, by, cut }) => {
        const bytes = bytesOf(one.coinbaseNoWitness)
        for (const place of at) bytes[place % bytes.length] = (bytes[place % bytes.length] ?? 0) ^ by
        const args = [toHex(bytes.subarray(0, bytes.length - cut)), one.merkleBranch, one.height]
        try {
          await ask('compareCoinbase', args)
          taken++
        } catch (error) {
          assert.doesNotMatch(String(error), /Differs/)
          assert.match(String(error), refusals)
        }
      }),
      { numRuns: 500, seed },
    )
    assert.ok(taken > 50 && taken < 450, `${taken} of 500 were still coinbases`)
  })
})

/** The relay's own words. */
const refusals = /Coinbase(TooShort|Malformed)|NotACoinbase|HeightMissing/

function json(name: string): unknown {
  return JSON.parse(recorded(name).toString('utf8'))
}

/** Time of the first block of each epoch, by its height. */
function retargets(): Map<number, number> {
  const lines = recorded('btc_retargets.csv').toString('utf8').split('\n').slice(1)
  return new Map(
    lines.map((line) => line.split(',')).map(([height, , time]) => [Number(height), Number(time)]),
  )
}

function targetOf(bits: number): bigint {
  return BigInt(bits & 0xff_ffff) << BigInt(8 * ((bits >>> 24) - 3))
}

function twice(header: Uint8Array): Uint8Array {
  const once = createHash('sha256').update(header).digest()
  return createHash('sha256').update(once).digest()
}
