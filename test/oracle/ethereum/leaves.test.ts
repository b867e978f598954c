import assert from 'node:assert/strict'
import fc from 'fast-check'
import { concat, encodeAbiParameters, type Hash, keccak256, toHex } from 'viem'
import type { EthereumBlock } from '../../../oracle/ethereum/block.ts'
import { EthereumBlockShapeError, EthereumLeavesError } from '../../../oracle/ethereum/errors.ts'
import { dayRoot, type EthereumLeaf, hashLeaf, proveLeaf } from '../../../oracle/ethereum/leaves.ts'
import { paymentOf } from '../../../oracle/ethereum/payment.ts'

const leaf = (number: bigint): EthereumLeaf => ({
  number,
  hash: keccak256(toHex(number)),
  gasUsed: number * 3n,
  baseFee: number * 5n,
  payment: number * 7n,
})
const day = (count: number, first = 1_000n) =>
  Array.from({ length: count }, (_, i) => leaf(first + BigInt(i)))
const pair = (left: Hash, right: Hash) => keccak256(concat([left, right]))

/** The tree by its definition: of n leaves the largest power of two below n are on the left. */
function topOf(hashes: readonly Hash[]): Hash {
  const [single] = hashes
  assert.ok(single)
  if (hashes.length === 1) return single
  const left = 2 ** Math.ceil(Math.log2(hashes.length) - 1)
  return pair(topOf(hashes.slice(0, left)), topOf(hashes.slice(left)))
}

describe("leaves of a day of Ethereum's blocks", () => {
  it('hash to five words and to a root with their count', () => {
    const words = (['number', 'hash', 'gasUsed', 'baseFee', 'payment'] as const).map((field) => {
      const value = leaf(7n)[field]
      return typeof value === 'bigint' ? toHex(value, { size: 32 }) : value
    })
    assert.equal(hashLeaf(leaf(7n)), keccak256(concat(words)))

    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (count) => {
        const leaves = day(count)
        const expected = encodeAbiParameters(
          [{ type: 'uint256' }, { type: 'bytes32' }],
          [BigInt(count), topOf(leaves.map(hashLeaf))],
        )
        assert.equal(dayRoot(leaves), keccak256(expected))
      }),
      { numRuns: 30 },
    )
  })

  it('have a branch that leads to the root', () => {
    const shape = fc
      .integer({ min: 1, max: 200 })
      .chain((count) => fc.record({ count: fc.constant(count), position: fc.nat(count - 1) }))
    fc.assert(
      fc.property(shape, ({ count, position }) => {
        const proof = proveLeaf(day(count), position)
        let node = hashLeaf(proof.leaf)
        const rest = [...proof.branch]
        for (let at = position, width = count; width > 1; at >>= 1, width = (width + 1) >> 1) {
          if (at % 2 === 0 && at === width - 1) continue
          const sibling = rest.shift()
          assert.ok(sibling)
          node = at % 2 === 1 ? pair(sibling, node) : pair(node, sibling)
        }
        assert.deepEqual(rest, [])
        assert.equal(keccak256(concat([toHex(count, { size: 32 }), node])), dayRoot(day(count)))
      }),
      { numRuns: 30 },
    )
  })

  it('are refused with a block missing, twice or out of order, and when there are none', () => {
    const leaves = day(9)
    for (const wrong of [
      [],
      leaves.toSpliced(4, 1),
      leaves.toSpliced(4, 0, leaf(1_004n)),
      leaves.toReversed(),
    ]) {
      assert.throws(() => dayRoot(wrong), EthereumLeavesError)
    }
    for (const position of [-1, 9, 1.5]) assert.throws(() => proveLeaf(leaves, position), EthereumLeavesError)
  })
})

const builder = `0x${'b1'.repeat(20)}` as const
const other = `0x${'02'.repeat(20)}` as const
const hashes = ['0x01', '0x02', '0x03'].map((n) => keccak256(n as Hash))
const receipts = hashes.map((transactionHash, i) => ({
  transactionHash,
  gasUsed: toHex(21_000 * (i + 1)),
  effectiveGasPrice: toHex(100 + i),
}))

/** Of the last transaction only the sender and the value matter. */
function blockOf(senders: readonly Hash[]): EthereumBlock {
  const transactions = senders.map((from, i) => ({ from, hash: hashes[i], value: toHex(1_000 + i) }))
  // Safe: the payment is read from these fields alone.
  return {
    miner: builder,
    baseFeePerGas: '0x64',
    gasUsed: toHex(126_000),
    transactions,
  } as unknown as EthereumBlock
}

describe('the payment of a block', () => {
  it('is what the fee recipient sends last', () => {
    assert.equal(paymentOf(blockOf([other, other, builder])), 1_002n)
    assert.equal(paymentOf(blockOf([other, other, builder.replace('b', 'B') as Hash])), 1_002n)
  })

  it('is the priority fees where somebody else sends it', () => {
    const block = blockOf([builder, builder, other])
    assert.equal(paymentOf(block), undefined)
    // 21,000 at 0, 42,000 at 1 and 63,000 at 2 above the base fee.
    assert.equal(paymentOf(block, receipts), 168_000n)
    assert.throws(() => paymentOf(block, receipts.slice(1)), EthereumBlockShapeError)
    assert.throws(() => paymentOf({ ...block, gasUsed: '0x1' }, receipts), EthereumBlockShapeError)
  })

  it('is nothing in a block without transactions', () => {
    assert.equal(paymentOf(blockOf([])), 0n)
  })
})
