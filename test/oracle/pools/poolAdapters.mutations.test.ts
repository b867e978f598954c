import assert from 'node:assert/strict'
import fc from 'fast-check'
import { BaseError } from '../../../chain/errors.ts'
import type { PoolRow } from '../../../oracle/pools/poolRow.ts'
import { needData } from '../recorded.ts'
import { type Example, examples } from './examples.ts'

type Path = readonly (string | number)[]

/** Where the answer has a field: elements of lists are not taken out, for a list does not say how long it should be. */
function fieldsOf(value: unknown, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((inner, at) => fieldsOf(inner, [...path, at]))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...fieldsOf(inner, [...path, key])])
}

/** The text of the answer with the field at `path` written as `write` says; undefined leaves it out. */
function rewrite(value: unknown, path: Path, write: (now: unknown) => string | undefined): string {
  const [at, ...rest] = path
  if (at === undefined) return write(value) ?? ''
  if (Array.isArray(value)) {
    return `[${value.map((inner, place) => (place === at ? rewrite(inner, rest, write) : JSON.stringify(inner))).join()}]`
  }
  const fields = Object.entries(Object(value)).flatMap(([key, inner]) => {
    const text = key === at ? rewrite(inner, rest, write) : JSON.stringify(inner)
    return text === '' ? [] : [`${JSON.stringify(key)}:${text}`]
  })
  return `{${fields.join()}}`
}

const isNumeric = (value: unknown) =>
  typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value))

const sameValue: Record<string, (now: unknown) => string | undefined> = {
  'number as string, string as number': (now) => {
    if (!isNumeric(now)) return JSON.stringify(now)
    return typeof now === 'number' ? JSON.stringify(String(now)) : String(now).replace(/^0+(?=\d)/, '')
  },
}

const otherValue: Record<string, (now: unknown) => string | undefined> = {
  missing: () => undefined,
  null: () => 'null',
  empty: () => '""',
  'NaN text': () => '"NaN"',
  'no JSON': () => 'NaN',
  negative: (now) => (isNumeric(now) ? `-${String(now)}` : '-1'),
  'negative text': (now) => `"-${String(now)}"`,
  boolean: () => 'false',
  list: () => '[]',
  object: () => '{}',
  'other unit': (now) => (isNumeric(now) ? `"${String(now)} TH/s"` : '"TH/s"'),
  'thousands separated': () => '"1,000"',
  hexadecimal: () => '"0x10"',
}

describe('pool adapters on mutated shapes', () => {
  before(function () {
    needData(this)
  })

  const pick = fc.record({ name: fc.nat(), answer: fc.nat(), field: fc.nat() })

  function mutate(
    picked: { name: number; answer: number; field: number },
    write: (now: unknown) => string | undefined,
  ) {
    const all = Object.values(examples())
    const chosen = all[picked.name % all.length]
    assert.ok(chosen)
    const at = picked.answer % chosen.answers.length
    const body: unknown = JSON.parse(chosen.answers[at] ?? '')
    const fields = fieldsOf(body)
    const path = fields[picked.field % fields.length] ?? []
    // The example's own hashrate is above 2^53 in one place: JSON.parse would round a number, and it is a string there.
    const answers = chosen.answers.map((text, place) => (place === at ? rewrite(body, path, write) : text))
    return { chosen, answers, path }
  }

  function outcome({ adapter, question }: Example, answers: readonly string[]): PoolRow | BaseError {
    try {
      return adapter.row(answers, question)
    } catch (error) {
      assert.ok(error instanceof BaseError, String(error))
      return error
    }
  }

  it('takes a number and its text for the same', () => {
    fc.assert(
      fc.property(pick, (picked) => {
        for (const write of Object.values(sameValue)) {
          const { chosen, answers, path } = mutate(picked, write)
          const expected = chosen.adapter.row(chosen.answers, chosen.question)
          assert.deepEqual(chosen.adapter.row(answers, chosen.question), expected, path.join('.'))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('answers every other mutation with a typed error or the same row, never with a zero', () => {
    fc.assert(
      fc.property(pick, fc.constantFrom(...Object.keys(otherValue)), (picked, kind) => {
        const { chosen, answers, path } = mutate(picked, otherValue[kind] ?? String)
        const expected = chosen.adapter.row(chosen.answers, chosen.question)
        const got = outcome(chosen, answers)
        if (!(got instanceof BaseError)) assert.deepEqual(got, expected, `${kind} at ${path.join('.')}`)
      }),
      { numRuns: 3_000 },
    )
  })

  it('takes 2.5e20 for exactly that, or refuses it', () => {
    fc.assert(
      fc.property(pick, fc.boolean(), (picked, quoted) => {
        const { chosen, answers, path } = mutate(picked, () => (quoted ? '"2.5e20"' : '2.5e20'))
        const expected = chosen.adapter.row(chosen.answers, chosen.question)
        const got = outcome(chosen, answers)
        if (got instanceof BaseError) return
        const { hashrate, rewardPerUnit, ...rest } = got
        const { hashrate: was, rewardPerUnit: _, ...others } = expected
        assert.deepEqual(rest, others, path.join('.'))
        const limits = [was, 250_000_000_000_000_000_000n, 250_000_500_000_000_000_000n]
        assert.ok(limits.includes(hashrate), `${path.join('.')}: ${hashrate}`)
        assert.notEqual(rewardPerUnit, 0n)
      }),
      { numRuns: 1_000 },
    )
  })

  it('names no byte of the answer in its errors', () => {
    const { adapter, question } = examples().foundry
    const told = outcome({ adapter, question, answers: [] }, ['{"secret":"hunter2"}'])
    assert.ok(told instanceof BaseError && !told.message.includes('hunter2'))
  })
})
