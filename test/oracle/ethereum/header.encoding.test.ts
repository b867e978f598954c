import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fromRlp, type Hex, keccak256, serializeTransaction, toHex } from 'viem'
import { type EthereumHeader, type EthereumTransaction, parseBlock } from '../../../oracle/ethereum/block.ts'
import {
  EthereumBlockShapeError,
  EthereumDescentError,
  EthereumHashError,
  EthereumTransactionTypeError,
} from '../../../oracle/ethereum/errors.ts'
import { encodeDescent, encodeHeader } from '../../../oracle/ethereum/header.ts'
import { encodeTransaction } from '../../../oracle/ethereum/transaction.ts'
import { needBlocks, realBlocks } from './realBlocks.ts'

// Headers against the two real ones, transactions against viem's serialiser.

const quantity = (field: Hex): Hex => (field === '0x' ? '0x0' : toHex(BigInt(field)))

/** What a node would say of a header, field by field. */
function headerOf(encoded: Hex): EthereumHeader {
  const f = fromRlp(encoded, 'hex') as Hex[]
  const at = (index: number): Hex => f[index] ?? '0x'
  return {
    hash: keccak256(encoded),
    parentHash: at(0),
    sha3Uncles: at(1),
    miner: at(2),
    stateRoot: at(3),
    transactionsRoot: at(4),
    receiptsRoot: at(5),
    logsBloom: at(6),
    difficulty: quantity(at(7)),
    number: quantity(at(8)),
    gasLimit: quantity(at(9)),
    gasUsed: quantity(at(10)),
    timestamp: quantity(at(11)),
    extraData: at(12),
    mixHash: at(13),
    nonce: at(14),
    baseFeePerGas: quantity(at(15)),
    ...(f.length > 16 && { withdrawalsRoot: at(16) }),
    ...(f.length > 17 && { blobGasUsed: quantity(at(17)), excessBlobGas: quantity(at(18)) }),
    ...(f.length > 19 && { parentBeaconBlockRoot: at(19) }),
  }
}

describe('headers of Ethereum', () => {
  before(function () {
    needBlocks(this)
  })

  it('encode to what was hashed, before and since blobs', () => {
    const blocks = realBlocks()
    assert.deepEqual(
      blocks.map(({ headerRlp }) => (fromRlp(headerRlp, 'hex') as Hex[]).length),
      [17, 20],
    )
    for (const { headerRlp } of blocks) assert.equal(encodeHeader(headerOf(headerRlp)), headerRlp)
  })

  it('are refused when any field is another', () => {
    for (const { headerRlp } of realBlocks()) {
      const header = headerOf(headerRlp)
      for (const [field, value] of Object.entries(header)) {
        const wrong = {
          ...header,
          [field]: (value ?? '0x').replace(/.$/, (last) => (last === '1' ? '2' : '1')),
        }
        assert.throws(() => encodeHeader(wrong), EthereumHashError, field)
      }
      assert.throws(() => encodeHeader({ ...header, requestsHash: header.hash }), EthereumHashError)
    }
  })

  it('descend from parent to parent, 64 at most', () => {
    const [block] = realBlocks()
    assert.ok(block)
    const header = headerOf(block.headerRlp)
    assert.deepEqual(encodeDescent([header]), {
      recorded: BigInt(block.blockNumber),
      headers: [block.headerRlp],
    })
    assert.throws(() => encodeDescent([]), EthereumDescentError)
    assert.throws(() => encodeDescent([header, header]), EthereumDescentError)
    assert.throws(() => encodeDescent(Array(65).fill(header)), EthereumDescentError)
  })
})

const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes))
const account = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => toHex(bytes))
// 0 and numbers with an odd count of digits are where encodings differ.
const amount = fc.oneof(
  fc.constant(0n),
  fc.bigInt({ min: 0n, max: 2n ** 80n }),
  fc.bigInt({ min: 0n, max: 300n }),
)
const sample = fc.record({
  type: fc.constantFrom('legacy', 'eip2930', 'eip1559', 'eip4844', 'eip7702'),
  chainId: fc.integer({ min: 1, max: 2 ** 31 }),
  nonce: fc.integer({ min: 0, max: 2 ** 31 }),
  price: amount,
  tip: amount,
  gas: fc.bigInt({ min: 21_000n, max: 2n ** 32n }),
  to: account,
  value: amount,
  data: fc.uint8Array({ maxLength: 100 }).map((bytes) => toHex(bytes)),
  accessList: fc.array(fc.record({ address: account, storageKeys: fc.array(word, { maxLength: 2 }) }), {
    maxLength: 2,
  }),
  hashes: fc.array(word, { minLength: 1, maxLength: 3 }),
  r: word,
  s: word,
  yParity: fc.constantFrom(0, 1),
})
type Sample = typeof sample extends fc.Arbitrary<infer T> ? T : never

/** The same transaction as viem serialises it and as a node shows it. */
function bothForms(given: Sample): { serialised: Hex; shown: EthereumTransaction } {
  const { chainId, nonce, gas, to, value, data, accessList, r, s, yParity } = given
  const [maxFeePerGas, tip] = given.price > given.tip ? [given.price, given.tip] : [given.tip, given.price]
  const blobVersionedHashes = given.hashes.map((hash) => `0x01${hash.slice(4)}` as Hex)
  const signed = { chainId, address: to, nonce, r, s, yParity }
  const call = { chainId, nonce, gas, to, value, data }
  const prices = { maxFeePerGas, maxPriorityFeePerGas: tip }
  const serialise = () => {
    const signature = { r, s, yParity, v: BigInt(27 + yParity) }
    switch (given.type) {
      case 'legacy':
        return serializeTransaction({ ...call, type: 'legacy', gasPrice: given.price }, signature)
      case 'eip2930':
        return serializeTransaction(
          { ...call, type: 'eip2930', gasPrice: given.price, accessList },
          signature,
        )
      case 'eip1559':
        return serializeTransaction({ ...call, ...prices, type: 'eip1559', accessList }, signature)
      case 'eip4844':
        return serializeTransaction(
          {
            ...call,
            ...prices,
            type: 'eip4844',
            accessList,
            maxFeePerBlobGas: given.price,
            blobVersionedHashes,
          },
          signature,
        )
      default:
        return serializeTransaction(
          { ...call, ...prices, type: 'eip7702', accessList, authorizationList: [signed] },
          signature,
        )
    }
  }
  const serialised = serialise()
  const type = ['legacy', 'eip2930', 'eip1559', 'eip4844', 'eip7702'].indexOf(given.type)
  const v = type === 0 ? 35 + 2 * chainId + yParity : yParity
  return {
    serialised,
    shown: {
      hash: keccak256(serialised),
      from: to,
      type: toHex(type),
      nonce: toHex(nonce),
      gas: toHex(gas),
      to,
      value: toHex(value),
      input: data,
      v: toHex(v),
      r: toHex(BigInt(r)),
      s: toHex(BigInt(s)),
      chainId: toHex(chainId),
      gasPrice: toHex(given.price),
      ...(type > 0 && { yParity: toHex(yParity), accessList }),
      ...(type > 1 && { maxFeePerGas: toHex(maxFeePerGas), maxPriorityFeePerGas: toHex(tip) }),
      ...(type === 3 && { maxFeePerBlobGas: toHex(given.price), blobVersionedHashes }),
      ...(type === 4 && {
        authorizationList: [
          {
            chainId: toHex(chainId),
            address: to,
            nonce: toHex(nonce),
            yParity: toHex(yParity),
            r: toHex(BigInt(r)),
            s: toHex(BigInt(s)),
          },
        ],
      }),
    },
  }
}

describe('transactions of Ethereum', () => {
  it('encode as viem serialises them, of every type', () => {
    fc.assert(
      fc.property(sample, (given) => {
        const { serialised, shown } = bothForms(given)
        assert.equal(encodeTransaction(shown), serialised)
      }),
      { numRuns: 500 },
    )
  })

  it('are refused when their hash is another, a field is missing or the type is not known', () => {
    fc.assert(
      fc.property(sample, (given) => {
        const { shown } = bothForms(given)
        const { chainId: _, ...without } = shown
        assert.throws(
          () => encodeTransaction({ ...shown, value: toHex(given.value + 1n) }),
          EthereumHashError,
        )
        assert.throws(() => encodeTransaction({ ...shown, type: '0x5' }), EthereumTransactionTypeError)
        if (given.type !== 'legacy') assert.throws(() => encodeTransaction(without), EthereumBlockShapeError)
      }),
    )
  })

  it('are not taken for a block without their fields', () => {
    assert.throws(() => parseBlock(null), EthereumBlockShapeError)
    assert.throws(() => parseBlock({ number: 7 }), EthereumBlockShapeError)
  })
})
