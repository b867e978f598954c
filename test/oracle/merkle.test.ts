import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MerkleTreeError } from '../../oracle/errors.ts'
import { merkleBranch, merkleRoot, rootOfBranch } from '../../oracle/merkle.ts'

const leaves = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 70 })

describe('merkle', () => {
  it('leads from every leaf to the root, and from a changed leaf elsewhere', () => {
    fc.assert(
      fc.property(leaves, fc.nat(69), (txids, pick) => {
        const index = pick % txids.length
        const leaf = txids[index] ?? new Uint8Array()
        const branch = merkleBranch(txids, index)
        const root = Buffer.from(merkleRoot(txids))
        assert.deepEqual(Buffer.from(rootOfBranch(leaf, branch, index)), root)
        assert.equal(branch.length, Math.ceil(Math.log2(txids.length)))

        const changed = Uint8Array.from(leaf)
        changed[0] = (changed[0] ?? 0) ^ 1
        assert.notDeepEqual(Buffer.from(rootOfBranch(changed, branch, index)), root)
      }),
    )
  })

  it('refuses an empty tree and a leaf outside', () => {
    const txid = new Uint8Array(32)
    assert.throws(() => merkleRoot([]), MerkleTreeError)
    for (const index of [-1, 1, 0.5]) assert.throws(() => merkleBranch([txid], index), MerkleTreeError)
  })
})
