import assert from 'node:assert/strict'
import fc from 'fast-check'
import { crc32c } from '../../../../services/runtime/database/crc32c.ts'

describe('crc32c', () => {
  it('gives what RFC 3720 (B.4) and the catalogue of checksums print', () => {
    const ascending = Uint8Array.from({ length: 32 }, (_, at) => at)
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
    assert.equal(crc32c(ascending), 0x46dd794e)
    assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c)
  })

  it('is, taken eight bytes at once, what one bit at a time gives', () => {
    const bitByBit = (bytes: Uint8Array) => {
      let crc = 0xffffffff
      for (const byte of bytes) {
        crc ^= byte
        for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78
      }
      return ~crc >>> 0
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        assert.equal(crc32c(bytes), bitByBit(bytes))
      }),
    )
  })
})
