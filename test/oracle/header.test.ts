import assert from 'node:assert/strict'
import { HeaderLengthError } from '../../oracle/errors.ts'
import { type Header, hasWork, headerHash, parseHeader, serialiseHeader } from '../../oracle/header.ts'
import { bitsToTarget, nextBits } from '../../oracle/target.ts'
import { needData, recorded } from './recorded.ts'

function headersOf(name: string): Uint8Array[] {
  const bytes = recorded(name)
  return Array.from({ length: bytes.length / 80 }, (_, index) => bytes.subarray(index * 80, index * 80 + 80))
}

describe('header', () => {
  for (const [name, first, count, retargets] of [
    ['btc_headers_40000_49999.bin', 40_000, 10_000, 5],
    ['btc_headers_832001_833097.bin', 832_001, 1_097, 1],
  ] as const) {
    it(`follows ${count} real headers: links, work and ${retargets} retargets (${name})`, function () {
      needData(this)
      const raw = headersOf(name)
      const headers = raw.map(parseHeader)
      assert.equal(headers.length, count)

      let changed = 0
      for (const [index, header] of headers.entries()) {
        const bytes = raw[index] ?? new Uint8Array()
        assert.deepEqual(Buffer.from(serialiseHeader(header)), Buffer.from(bytes))
        assert.ok(hasWork(bytes), `work of ${first + index}`)
        const previous = headers[index - 1]
        if (previous === undefined) continue
        assert.equal(header.previousHash, headerHash(raw[index - 1] ?? new Uint8Array()))
        if ((first + index) % 2_016 === 0) changed += 1
        else assert.equal(header.bits, previous.bits)
      }
      assert.equal(changed, retargets)
      for (const [old, fresh] of wholeEpochs(headers, first)) {
        const [firstBlock, lastBlock] = old
        const { bits } = firstBlock
        const limit = bitsToTarget(0x1d00_ffff)
        assert.equal(
          fresh.bits,
          nextBits({ bits, firstTime: firstBlock.time, lastTime: lastBlock.time, limit }),
        )
      }
    })
  }

  it('knows the genesis block', function () {
    needData(this)
    const row = recorded('btc_retargets.csv').toString('utf8').split('\n')[1] ?? ''
    const bytes = Buffer.from(row.split(',')[10] ?? '', 'hex')
    assert.equal(headerHash(bytes), '0x000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f')
    assert.equal(parseHeader(bytes).time, 1_231_006_505)
  })

  it('refuses what has not 80 bytes', () => {
    for (const length of [0, 79, 81, 160]) {
      assert.throws(() => parseHeader(new Uint8Array(length)), HeaderLengthError)
      assert.throws(() => headerHash(new Uint8Array(length)), HeaderLengthError)
    }
  })
})

/** First and last header of each epoch that is there whole, with the first header of the next. */
function wholeEpochs(
  headers: readonly Header[],
  firstHeight: number,
): [old: [first: Header, last: Header], fresh: Header][] {
  return headers.flatMap((fresh, index) => {
    const first = headers[index - 2_016]
    const last = headers[index - 1]
    if ((firstHeight + index) % 2_016 !== 0 || first === undefined || last === undefined) return []
    return [[[first, last], fresh]] as [[Header, Header], Header][]
  })
}
