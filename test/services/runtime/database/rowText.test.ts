import assert from 'node:assert/strict'
import fc from 'fast-check'
import { formatRow, parseRow } from '../../../../services/runtime/database/rowText.ts'

/** What rows are made of. A string of digits that ends in n would be read as a bigint: none is stored. */
const text = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('a', '7', ' ', '-', '"', '\\', '\n', '\u2028') }),
  )
  .filter((value) => !/^-?\d+n$/.test(value))
const { row } = fc.letrec((tie) => ({
  row: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(text, fc.bigInt(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined)),
    fc.array(tie('row')),
    fc.dictionary(text, tie('row')),
  ),
}))

describe('row text', () => {
  it('is the JSON that JSON.stringify makes, with an n behind each bigint', () => {
    const expected = (value: unknown) =>
      JSON.stringify(value, (_name, field) => (typeof field === 'bigint' ? `${field}n` : field))
    fc.assert(
      fc.property(row, (value) => {
        if (value === undefined) assert.throws(() => formatRow(value), TypeError)
        else assert.equal(formatRow(value), expected(value))
      }),
    )
  })

  it('is read as what was written', () => {
    const stored = fc.dictionary(text, fc.oneof(text, fc.bigInt(), fc.integer(), fc.array(fc.bigInt())))
    fc.assert(
      fc.property(stored, (value) =>
        assert.deepEqual({ ...parseRow<object>(formatRow(value)) }, { ...value }),
      ),
    )
  })
})
