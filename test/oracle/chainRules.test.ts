import assert from 'node:assert/strict'
import fc from 'fast-check'
import { zeroHash } from 'viem'
import { mainnet, regtest } from '../../oracle/bitcoinChain.ts'
import { checkHeader } from '../../oracle/chainRules.ts'
import { InvalidBlockError } from '../../oracle/errors.ts'
import { hasWork, parseHeader, serialiseHeader } from '../../oracle/header.ts'
import { needData, recorded } from './recorded.ts'

const files = [
  ['btc_headers_40000_49999.bin', 40_000, 10_000],
  ['btc_headers_832001_833097.bin', 832_001, 1_097],
] as const

describe('rules of a chain', () => {
  const headersOf = (name: string) => {
    const bytes = recorded(name)
    return Array.from({ length: bytes.length / 80 }, (_, at) => bytes.subarray(at * 80, at * 80 + 80))
  }
  /** The rules' own view of a header in a file: what is before it, and where its epoch began if that is in the file. */
  const context = (headers: Uint8Array[], first: number, at: number) => {
    const height = first + at
    const epoch = headers[at - 2_016]
    const epochStart = height % 2_016 === 0 && epoch !== undefined ? parseHeader(epoch).time : undefined
    return { chain: mainnet, height, ancestors: headers.slice(at - 11, at), epochStart }
  }

  for (const [name, first, count] of files) {
    it(`accepts ${count} real headers, retargets and backward times included (${name})`, function () {
      needData(this)
      const headers = headersOf(name)
      let retargets = 0
      let backwards = 0
      for (let at = 11; at < headers.length; at++) {
        const header = headers[at] ?? new Uint8Array()
        const given = context(headers, first, at)
        // The first retarget of a file follows an epoch that the file does not show whole.
        if (given.height % 2_016 === 0 && given.epochStart === undefined) continue
        checkHeader({ ...given, header })
        if (given.epochStart !== undefined) retargets += 1
        if (parseHeader(header).time < parseHeader(headers[at - 1] ?? header).time) backwards += 1
      }
      assert.equal(retargets, count === 10_000 ? 4 : 0)
      if (count === 10_000) assert.equal(backwards, 103)
    })
  }

  it('refuses another target than the one that is due, with whatever work', function () {
    needData(this)
    const headers = headersOf(files[0][0])
    fc.assert(
      fc.property(fc.integer({ min: 2_100, max: headers.length - 1 }), fc.nat(0xff_ffff), (at, bits) => {
        const header = headers[at] ?? new Uint8Array()
        const parsed = parseHeader(header)
        const changed = serialiseHeader({ ...parsed, bits: 0x1c00_0000 + bits })
        fc.pre(parsed.bits !== 0x1c00_0000 + bits && bits !== 0 && bits < 0x80_0000)
        const given = context(headers, 40_000, at)
        assert.throws(() => checkHeader({ ...given, header: changed }), InvalidBlockError)
      }),
    )
    // Work that meets a target that nobody was given.
    const easy = serialiseHeader({ ...parseHeader(headers[50] ?? new Uint8Array()), bits: 0x207f_ffff })
    assert.throws(
      () => checkHeader({ ...context(headers, 40_000, 50), header: easy }),
      (error) => error instanceof InvalidBlockError && error.what === 'an easy target',
    )
  })

  it('refuses an epoch that began at another time, and a time that is not after the median of eleven', function () {
    needData(this)
    const headers = headersOf(files[0][0])
    const retarget = 42_336 - 40_000
    const given = { ...context(headers, 40_000, retarget), header: headers[retarget] ?? new Uint8Array() }
    assert.ok(given.epochStart !== undefined)
    checkHeader(given)
    assert.throws(
      () => checkHeader({ ...given, epochStart: (given.epochStart ?? 0) + 3_600 }),
      (error) => error instanceof InvalidBlockError && error.what === 'the target',
    )
    // A header keeps its work and comes too early where its ancestors are those of later ones.
    const late = headers.slice(retarget + 20, retarget + 31)
    assert.throws(
      () => checkHeader({ ...given, ancestors: late, epochStart: undefined }),
      (error) => error instanceof InvalidBlockError && error.what === 'the time',
    )
  })

  it('refuses a header without the work that it names', function () {
    needData(this)
    const headers = headersOf(files[0][0])
    fc.assert(
      fc.property(fc.integer({ min: 11, max: 300 }), fc.nat(0xffff_ffff), (at, nonce) => {
        const parsed = parseHeader(headers[at] ?? new Uint8Array())
        fc.pre(nonce !== parsed.nonce)
        const header = serialiseHeader({ ...parsed, nonce })
        assert.throws(
          () => checkHeader({ ...context(headers, 40_000, at), header }),
          (error) => error instanceof InvalidBlockError && error.what === 'too little work',
        )
      }),
    )
  })

  it('accepts exactly the times after the median of the eleven headers before', () => {
    const start = 1_700_000_000
    const time = fc.integer({ min: start, max: start + 30 })
    const header = (at: number, nonce: number) =>
      serialiseHeader({
        ...{ version: 1, previousHash: zeroHash, merkleRoot: zeroHash },
        ...{ time: at, bits: 0x207f_ffff, nonce },
      })
    const withWork = (at: number) => {
      for (let nonce = 0; ; nonce++) if (hasWork(header(at, nonce))) return header(at, nonce)
    }
    fc.assert(
      fc.property(fc.array(time, { minLength: 11, maxLength: 14 }), time, (times, at) => {
        const given = {
          ...{ chain: regtest, height: 500, epochStart: undefined },
          ...{ header: withWork(at), ancestors: times.map((earlier) => header(earlier, 0)) },
        }
        const median = times.slice(-11).sort((a, b) => a - b)[5] ?? 0
        if (at > median) checkHeader(given)
        else assert.throws(() => checkHeader(given), InvalidBlockError)
      }),
      { numRuns: 500 },
    )
  })
})
