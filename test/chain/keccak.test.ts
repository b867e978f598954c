import assert from 'node:assert/strict'
import fc from 'fast-check'
import { getAddress, toHex, keccak256 as viems } from 'viem'
import { checksumAddress, keccak256 } from '../../chain/keccak.ts'

describe('keccak256', () => {
  it("is viem's, of bytes and of their digits, however many there are", () => {
    const bytes = fc.uint8Array({ maxLength: 600 })
    fc.assert(
      fc.property(bytes, (some) => {
        const hash = viems(some)
        assert.equal(keccak256(some), hash)
        assert.equal(keccak256(toHex(some)), hash)
        assert.equal(keccak256(`0x${toHex(some).slice(2).toUpperCase()}`), hash)
      }),
    )
  })

  it('writes addresses as viem does', () => {
    const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => toHex(bytes))
    fc.assert(
      fc.property(address, (some) => {
        const checked = getAddress(some)
        assert.equal(checksumAddress(some), checked)
        assert.equal(checksumAddress(checked), checked)
      }),
    )
  })

  it('refuses what are no digits, and hashes after it as before', () => {
    for (const wrong of ['0xzz', '0x12zz34'] as const) {
      assert.throws(() => keccak256(wrong))
    }
    assert.equal(keccak256('0x'), viems('0x'))
    assert.equal(keccak256('0x123'), viems('0x123'))
  })
})
