import assert from 'node:assert/strict'
import fc from 'fast-check'
import { StoreDamagedError } from '../../../../services/runtime/database/errors.ts'
import { looksSealed, sealRow, unsealRow } from '../../../../services/runtime/database/seal.ts'

describe('sealed rows', () => {
  const rows = fc.record({ name: fc.string({ unit: 'binary' }), wei: fc.bigInt(), list: fc.array(fc.nat()) })

  it('come back as they were, bigints too', () => {
    fc.assert(
      fc.property(fc.string(), rows, (key, row) => {
        fc.pre(!/^-?\d+n$/.test(row.name))
        const text = sealRow(key, row)
        assert.ok(looksSealed(text))
        assert.deepEqual(unsealRow('db', key, text), JSON.parse(JSON.stringify(row, bigints), unquoted))
      }),
    )
  })

  it('are refused under another key, and with any character changed or cut off', () => {
    fc.assert(
      fc.property(rows, fc.nat(), fc.integer({ min: 1, max: 127 }), (row, place, flip) => {
        const text = sealRow('!t!k', row)
        const at = place % text.length
        const changed = String.fromCharCode(text.charCodeAt(at) ^ flip)
        const refused = (key: string, given: string) =>
          assert.throws(
            () => unsealRow('db', key, given),
            (error) => error instanceof StoreDamagedError && error.store === 'db' && error.place === key,
          )
        refused('!t!k', text.slice(0, at) + changed + text.slice(at + 1))
        refused('!t!k', text.slice(0, at))
        refused('!t!l', text)
      }),
    )
  })
})

const bigints = (_key: string, field: unknown) => (typeof field === 'bigint' ? { wei: `${field}` } : field)
const unquoted = (_key: string, field: unknown) =>
  typeof field === 'object' && field !== null && 'wei' in field && typeof field.wei === 'string'
    ? BigInt(field.wei)
    : field
