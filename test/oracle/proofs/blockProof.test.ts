import assert from 'node:assert/strict'
import fc from 'fast-check'
import { mainnet } from '../../../oracle/bitcoinChain.ts'
import { InvalidBlockError, NotCoinbaseError, TransactionFormatError } from '../../../oracle/errors.ts'
import { proveBlock } from '../../../oracle/proofs/blockProof.ts'
import { needData } from '../recorded.ts'
import { bytesOf, parametersOf, recordedCoinbases } from './recordedCoinbases.ts'

describe('block proof', () => {
  it('finds subsidy and fees of ten real blocks, and the bytes that prove them', function () {
    needData(this)
    for (const given of recordedCoinbases()) {
      const block = proveBlock(parametersOf(given))
      assert.equal(block.hash, `0x${given.blockHash}`)
      assert.equal(block.subsidy, BigInt(given.subsidy))
      assert.equal(block.fees, BigInt(given.fees))
      assert.equal(block.time, given.timestamp)
      assert.deepEqual(Buffer.from(block.coinbase), bytesOf(given.coinbaseNoWitness))
    }
  })

  it('takes a block to its schedule, and what the coinbase did not claim from the subsidy', function () {
    needData(this)
    const [given] = recordedCoinbases().filter(({ height }) => height === 757_739)
    assert.ok(given !== undefined)
    const parameters = parametersOf(given)
    const paid = BigInt(given.subsidy) + BigInt(given.fees)
    // At another height the rest of the facts would be another block's: only the schedule is looked at.
    const chain = { ...mainnet, bip34Height: Number.POSITIVE_INFINITY }
    for (const [height, schedule] of [
      [0, 5_000_000_000n],
      [209_999, 5_000_000_000n],
      [210_000, 2_500_000_000n],
      [839_999, 625_000_000n],
      [840_000, 312_500_000n],
      [13_440_000, 0n],
    ] as const) {
      const { subsidy, fees } = proveBlock({ ...parameters, chain, height })
      assert.equal(subsidy, schedule < paid ? schedule : paid)
      assert.equal(subsidy + fees, paid)
    }
  })

  it('refuses a coinbase of another height from BIP 34 on', function () {
    needData(this)
    for (const given of recordedCoinbases().filter(({ height }) => height >= mainnet.bip34Height)) {
      assert.throws(() => proveBlock({ ...parametersOf(given), height: given.height + 1 }), InvalidBlockError)
    }
  })

  it('refuses a bit changed in coinbase, branch or root', function () {
    needData(this)
    const all = recordedCoinbases()
    fc.assert(
      fc.property(
        fc.nat(all.length - 1),
        fc.nat(),
        fc.constantFrom('coinbase', 'branch', 'root'),
        (at, bit, where) => {
          const parameters = parametersOf(all[at] ?? assert.fail())
          // Copies: the parsed file is used again.
          const coinbase = bytesOf((all[at] ?? assert.fail()).coinbaseNoWitness)
          const branch = parameters.branch.map((node) => Buffer.from(node))
          const header = Buffer.from(parameters.header)
          const target =
            where === 'coinbase'
              ? coinbase
              : where === 'root'
                ? header.subarray(36, 68)
                : branch[bit % branch.length]
          assert.ok(target !== undefined)
          const byte = (bit >> 3) % target.length
          target[byte] = (target[byte] ?? 0) ^ (1 << (bit & 7))
          assert.throws(
            () => proveBlock({ ...parameters, coinbase, branch, header }),
            (error) =>
              error instanceof InvalidBlockError ||
              error instanceof NotCoinbaseError ||
              error instanceof TransactionFormatError,
          )
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
