import assert from 'node:assert/strict'
import fc from 'fast-check'
import { BlockFormatError } from '../../oracle/errors.ts'
import { hash256 } from '../../oracle/hash256.ts'
import { parseBlock } from '../../oracle/rawBlock.ts'

/** A compact size of Bitcoin's wire format. */
function size(value: number): Buffer {
  if (value < 0xfd) return Buffer.from([value])
  const bytes = Buffer.alloc(3, 0xfd)
  bytes.writeUInt16LE(value, 1)
  return bytes
}
const sized = (bytes: Uint8Array) => Buffer.concat([size(bytes.length), bytes])

const number = fc.uint8Array({ minLength: 4, maxLength: 4 })
const input = fc.record({
  outpoint: fc.uint8Array({ minLength: 36, maxLength: 36 }),
  script: fc.uint8Array({ maxLength: 300 }),
  sequence: number,
  witness: fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 }),
})
const output = fc.record({
  value: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  script: fc.uint8Array({ maxLength: 60 }),
})
/** Both forms of a transaction, put together field by field. */
const transaction = fc
  .record({
    version: number,
    inputs: fc.array(input, { minLength: 1, maxLength: 4 }),
    outputs: fc.array(output, { minLength: 1, maxLength: 4 }),
    lockTime: number,
    segwit: fc.boolean(),
  })
  .map(({ version, inputs, outputs, lockTime, segwit }) => {
    const middle = Buffer.concat([
      size(inputs.length),
      ...inputs.map(({ outpoint, script, sequence }) => Buffer.concat([outpoint, sized(script), sequence])),
      size(outputs.length),
      ...outputs.map(({ value, script }) => Buffer.concat([value, sized(script)])),
    ])
    const witnesses = inputs.map(({ witness }) =>
      Buffer.concat([size(witness.length), ...witness.map(sized)]),
    )
    const stripped = Buffer.concat([version, middle, lockTime])
    const wire = Buffer.concat([version, Buffer.from([0, 1]), middle, ...witnesses, lockTime])
    return { stripped, wire: segwit ? wire : stripped }
  })
const block = fc.record({
  header: fc.uint8Array({ minLength: 80, maxLength: 80 }),
  transactions: fc.array(transaction, { minLength: 1, maxLength: 12 }),
})
const wireOf = ({ header, transactions }: { header: Uint8Array; transactions: { wire: Uint8Array }[] }) =>
  Buffer.concat([header, size(transactions.length), ...transactions.map(({ wire }) => wire)])

describe('raw block', () => {
  it('finds header, coinbase and every txid, with and without witnesses', () => {
    fc.assert(
      fc.property(block, (given) => {
        const { header, coinbase, txids } = parseBlock(wireOf(given))
        assert.deepEqual(Buffer.from(header), Buffer.from(given.header))
        assert.deepEqual(Buffer.from(coinbase), given.transactions[0]?.stripped)
        assert.deepEqual(
          txids,
          given.transactions.map(({ stripped }) => hash256(stripped)),
        )
      }),
    )
  })

  it('keeps nothing of the bytes that it was given', () => {
    fc.assert(
      fc.property(block, (given) => {
        const bytes = wireOf(given)
        const before = JSON.stringify(parseBlock(bytes))
        const parsed = parseBlock(bytes)
        bytes.fill(0xee)
        assert.equal(JSON.stringify(parsed), before)
      }),
    )
  })

  it('refuses a block that is cut, has bytes behind it, or has no transaction', () => {
    fc.assert(
      fc.property(block, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }), (given, cut, more) => {
        const bytes = wireOf(given)
        assert.throws(() => parseBlock(bytes.subarray(0, cut % bytes.length)), BlockFormatError)
        assert.throws(() => parseBlock(Buffer.concat([bytes, more])), BlockFormatError)
        assert.throws(() => parseBlock(wireOf({ ...given, transactions: [] })), BlockFormatError)
      }),
    )
  })

  it('reads a full block of 4,000 transactions in a fraction of a second', () => {
    const [one] = fc.sample(transaction, { seed: 1, numRuns: 1 })
    assert.ok(one !== undefined)
    const bytes = wireOf({
      header: new Uint8Array(80),
      transactions: Array.from({ length: 4_000 }, () => one),
    })
    const started = performance.now()
    assert.equal(parseBlock(bytes).txids.length, 4_000)
    const took = performance.now() - started
    assert.ok(took < 2_000, `${took} ms`)
  })
})
