import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Hash } from 'viem'
import { buildCoinbase, readCoinbase } from '../../oracle/coinbase.ts'
import { NotCoinbaseError, TransactionFormatError } from '../../oracle/errors.ts'
import { toDisplay } from '../../oracle/hash256.ts'
import { headerHash, parseHeader } from '../../oracle/header.ts'
import { rootOfBranch } from '../../oracle/merkle.ts'
import { parseTransaction, serialiseTransaction, txidOf } from '../../oracle/transaction.ts'
import { needData, recorded } from './recorded.ts'

type Proof = {
  height: number
  blockHash: string
  header: Hash
  coinbaseTxId: string
  coinbaseRaw: Hash
  coinbaseNoWitness: Hash
  totalOut: number
  subsidy: number
  fees: number
  merkleBranch: Hash
}

const bytesOf = (hex: string) => Buffer.from(hex.replace(/^0x/, ''), 'hex')
const proofs = (): Proof[] => JSON.parse(recorded('btc_coinbase_proofs.json').toString('utf8'))

describe('coinbase', () => {
  it('finds ten real coinbases under their headers, paying subsidy and fees', function () {
    needData(this)
    assert.equal(proofs().length, 10)
    for (const proof of proofs()) {
      const transaction = parseTransaction(bytesOf(proof.coinbaseRaw))
      const txid = txidOf(transaction)
      const coinbase = readCoinbase(transaction)
      const branch = bytesOf(proof.merkleBranch)
      const siblings = Array.from({ length: branch.length / 32 }, (_, at) =>
        branch.subarray(at * 32, at * 32 + 32),
      )
      const header = bytesOf(proof.header)

      assert.equal(toDisplay(txid), `0x${proof.coinbaseTxId}`)
      assert.equal(toDisplay(rootOfBranch(txid, siblings, 0)), parseHeader(header).merkleRoot)
      assert.equal(headerHash(header), `0x${proof.blockHash}`)
      assert.equal(coinbase.paid, BigInt(proof.subsidy) + BigInt(proof.fees))
      assert.equal(coinbase.paid, BigInt(proof.totalOut))
      assert.deepEqual(Buffer.from(serialiseTransaction(transaction)), bytesOf(proof.coinbaseNoWitness))
      assert.deepEqual(parseTransaction(bytesOf(proof.coinbaseNoWitness)), transaction)
      // BIP 34 is enforced from 227,931 on.
      assert.equal(coinbase.height, proof.height >= 227_931 ? proof.height : coinbase.height)
      assert.notEqual(toDisplay(rootOfBranch(txid, siblings, 1)), parseHeader(header).merkleRoot)
    }
  })

  it('refuses every real coinbase that is cut short or has bytes behind it', function () {
    needData(this)
    for (const proof of proofs().slice(0, 6)) {
      const bytes = bytesOf(proof.coinbaseRaw)
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => parseTransaction(bytes.subarray(0, length)), TransactionFormatError)
      }
      assert.throws(() => parseTransaction(Buffer.concat([bytes, Uint8Array.of(0)])), TransactionFormatError)
    }
  })

  it('reads back any coinbase that it builds', () => {
    const outputs = fc.array(
      fc.record({
        value: fc.bigInt(0n, 21n * 10n ** 14n),
        script: fc.uint8Array({ maxLength: 300 }).map(Buffer.from),
      }),
      { minLength: 1, maxLength: 300 },
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), outputs, (height, list) => {
        const built = buildCoinbase({ height, tag: Buffer.from('/hashsand/'), outputs: list })
        const read = parseTransaction(serialiseTransaction(built))
        const { paid, height: found } = readCoinbase(read)
        assert.equal(found, height)
        assert.equal(
          paid,
          list.reduce((sum, { value }) => sum + value, 0n),
        )
        assert.deepEqual(txidOf(read), txidOf(built))
      }),
      { numRuns: 50 },
    )
  })

  it('pushes the height as BIP 34 wants it', () => {
    for (const [height, script] of [
      [1, '51'],
      [16, '60'],
      [17, '0111'],
      [127, '017f'],
      [128, '028000'],
      [255, '02ff00'],
      [256, '020001'],
      [227_931, '035b7a03'],
      [840_672, '03e0d30c'],
      [8_388_607, '03ffff7f'],
      [8_388_608, '0400008000'],
    ] as const) {
      const { inputs } = buildCoinbase({ height, tag: new Uint8Array(), outputs: [] })
      assert.equal(Buffer.from(inputs[0]?.script ?? []).toString('hex'), script)
    }
  })

  it('refuses a length that is not in its shortest form, and a count that cannot be', () => {
    const bytes = Buffer.from(
      serialiseTransaction(buildCoinbase({ height: 17, tag: new Uint8Array(), outputs: [] })),
    )
    assert.deepEqual(bytes.subarray(4, 5), Buffer.of(1))
    for (const count of ['fd0100', 'fe01000000', 'ff0100000000000000', 'feffffffff']) {
      const changed = Buffer.concat([bytes.subarray(0, 4), Buffer.from(count, 'hex'), bytes.subarray(5)])
      assert.throws(() => parseTransaction(changed), TransactionFormatError)
    }
  })

  it('never answers garbage with anything but a typed error or a transaction', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseTransaction(bytes)
        } catch (error) {
          assert.ok(error instanceof TransactionFormatError)
        }
      }),
    )
  })

  it('refuses a transaction that spends', () => {
    const coinbase = buildCoinbase({ height: 900_000, tag: new Uint8Array(), outputs: [] })
    const [input] = coinbase.inputs
    assert.ok(input)
    assert.throws(() => readCoinbase({ ...coinbase, inputs: [] }), NotCoinbaseError)
    assert.throws(() => readCoinbase({ ...coinbase, inputs: [input, input] }), NotCoinbaseError)
    assert.throws(
      () => readCoinbase({ ...coinbase, inputs: [{ ...input, previousIndex: 0 }] }),
      NotCoinbaseError,
    )
  })
})
