import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concatHex, type Hex, keccak256, pad, toHex, toRlp, zeroHash } from 'viem'
import { getWithdrawalHashStorageSlot } from 'viem/op-stack'
import { OutputRootMismatchError, ZeroOutputRootError } from '../../bridge/errors.ts'
import {
  checkOutputRoot,
  maybeAddProofNode,
  outputRoot,
  outputRootProof,
  withdrawalSlot,
} from '../../bridge/withdrawal.ts'

const hash: fc.Arbitrary<Hex> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((array) => toHex(array))
  .filter((value) => value !== zeroHash)

describe('withdrawal', () => {
  it('is found at the slot that viem computes', () => {
    fc.assert(
      fc.property(hash, (id) => {
        assert.equal(withdrawalSlot(id), getWithdrawalHashStorageSlot({ withdrawalHash: id }))
      }),
    )
  })

  it('is proven against a root that holds every part, and against no zero', () => {
    fc.assert(
      fc.property(hash, hash, hash, (stateRoot, storageHash, blockHash) => {
        const proof = outputRootProof({ stateRoot, storageHash, blockHash })
        const root = outputRoot(proof)
        assert.equal(root, keccak256(concatHex([zeroHash, stateRoot, storageHash, blockHash])))
        assert.equal(checkOutputRoot(1n, proof, root), root)
        assert.throws(() => checkOutputRoot(1n, proof, keccak256(root)), OutputRootMismatchError)
        assert.throws(() => checkOutputRoot(1n, proof, zeroHash), ZeroOutputRootError)
        for (const part of ['stateRoot', 'messagePasserStorageRoot', 'latestBlockhash'] as const) {
          assert.throws(() => checkOutputRoot(1n, { ...proof, [part]: zeroHash }), ZeroOutputRootError)
        }
      }),
    )
  })

  it('gets its leaf appended when it stands inside the last branch, whatever the parity of its path', () => {
    fc.assert(
      fc.property(hash, fc.integer({ min: 1, max: 50 }), (slot, length) => {
        const path = keccak256(slot)
        const rest = path.slice(-length)
        const leaf: Hex[] = [length % 2 === 1 ? `0x3${rest}` : `0x20${rest}`, '0x01']
        const other: Hex[] = [`0x3${'0'.repeat(length | 1)}`, '0x01']
        fc.pre(!path.endsWith('0'.repeat(length | 1)))
        const branch = toRlp([leaf, other, ...Array.from({ length: 15 }, (): Hex => '0x')])
        assert.deepEqual(maybeAddProofNode(slot, [branch]), [branch, toRlp(leaf)])
      }),
    )
  })

  it('keeps a proof that ends in a leaf, and an empty one', () => {
    const leaf = toRlp(['0x3a', '0x01'])
    assert.deepEqual(maybeAddProofNode(pad('0x1', { size: 32 }), [leaf]), [leaf])
    assert.deepEqual(maybeAddProofNode(pad('0x1', { size: 32 }), []), [])
  })
})
