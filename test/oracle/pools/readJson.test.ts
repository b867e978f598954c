import assert from 'node:assert/strict'
import fc from 'fast-check'
import { PoolAnswerError } from '../../../oracle/pools/errors.ts'
import { readJson } from '../../../oracle/pools/readJson.ts'

/** The same value with every number as its text: what is to be read, for numbers that a double holds. */
function numbersAsText(value: unknown): unknown {
  if (typeof value === 'number') return JSON.stringify(value)
  if (Array.isArray(value)) return value.map(numbersAsText)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbersAsText(inner)]))
}

describe('readJson', () => {
  it('keeps everything but numbers as it is, and numbers as their text, whatever strings look like', () => {
    const looksLikeJson = fc.string({
      unit: fc.constantFrom('"', '\\', '1', '-', '.', 'e', ':', ',', ' ', '{', ']'),
    })
    const any = fc.jsonValue({ maxDepth: 4 })
    fc.assert(
      fc.property(any, fc.array(looksLikeJson), fc.constantFrom(undefined, 1), (value, strings, indent) => {
        const all = { value, strings, ...Object.fromEntries(strings.map((key) => [`k${key}`, key])) }
        const expected = numbersAsText(JSON.parse(JSON.stringify(all)))
        assert.deepEqual(readJson('a', JSON.stringify(all, null, indent)), expected)
      }),
    )
  })

  it('keeps what a double would round', () => {
    const numbers = [
      '236499762108771800001',
      '0.024133828053641662000001',
      '-0.0',
      '1E+2',
      '1.0332907286849138e+20',
    ]
    assert.deepEqual(readJson('a', `[${numbers.join(' ,')}]`), numbers)
  })

  it('refuses what is not JSON', () => {
    for (const text of [
      '',
      'NaN',
      '[NaN]',
      '{"a":Infinity}',
      '[01]',
      '[1.]',
      '{"a":1}{"a":1}',
      '<html>',
      '[0x10]',
    ]) {
      assert.throws(() => readJson('a', text), PoolAnswerError, text)
    }
  })

  it('reads strings of a megabyte', () => {
    const text = 'a\\"1'.repeat(250_000)
    assert.deepEqual(readJson('a', `["${text}",1]`), [text.replaceAll('\\"', '"'), '1'])
  })
})
