import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type Hash, keccak256 } from 'viem'
import { BrokenChainError, HeaderLengthError, ProofRangeError } from '../../../oracle/errors.ts'
import { headerHash } from '../../../oracle/header.ts'
import {
  compactHeader,
  encodeHeaders,
  groupHash,
  groupsOf,
  type HeaderBatch,
  type HeaderBlock,
  headerBatches,
  rootsCommitment,
} from '../../../oracle/proofs/headerBatches.ts'
import { needData, recorded } from '../recorded.ts'

/** All but the first ten headers of a file, whose median times the file does not show. */
function blocksOf(name: string, first: number): HeaderBlock[] {
  const bytes = recorded(name)
  const headers = Array.from({ length: bytes.length / 80 }, (_, at) => bytes.subarray(at * 80, at * 80 + 80))
  const times = headers.map((header) => header.readUInt32LE(68))
  return headers.slice(10).map((header, at) => ({
    ...{ height: first + 10 + at, hash: headerHash(header), header },
    medianTime: times.slice(at, at + 11).sort((a, b) => a - b)[5] ?? 0,
  }))
}

/** What a relay makes of a batch: it puts the previous hash in where 48 bytes leave it out. */
function relayed(parent: Hash, headers: Hash) {
  const bytes = Buffer.from(headers.slice(2), 'hex')
  const roots: Buffer[] = []
  let previous = Buffer.from(parent.slice(2), 'hex').reverse()
  for (let at = 0; at < bytes.length; at += 48) {
    const header = Buffer.concat([bytes.subarray(at, at + 4), previous, bytes.subarray(at + 4, at + 48)])
    previous = createHash('sha256').update(createHash('sha256').update(header).digest()).digest()
    roots.push(bytes.subarray(at + 4, at + 36))
  }
  const groups: Hash[] = []
  for (let at = 0; at < roots.length; at += 12)
    groups.push(keccak256(Buffer.concat(roots.slice(at, at + 12))))
  const checkpoint = `0x${Buffer.from(previous).reverse().toString('hex')}`
  return {
    checkpoint,
    groups,
    commitment: keccak256(Buffer.concat(groups.map((hash) => Buffer.from(hash.slice(2), 'hex')))),
  }
}

describe('header batches', () => {
  for (const [name, first] of [
    ['btc_headers_40000_49999.bin', 40_000],
    ['btc_headers_832001_833097.bin', 832_001],
  ] as const) {
    it(`cuts real headers at midnight and at the limit, losing none (${name})`, function () {
      needData(this)
      const blocks = blocksOf(name, first)
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 252 }),
          fc.nat(blocks.length - 1),
          fc.nat(900),
          (limit, from, count) => {
            const given = blocks.slice(from, from + count)
            const batches = headerBatches(given, limit)
            assert.deepEqual(
              batches.flatMap((batch) => batch.blocks),
              given,
            )
            for (const [index, batch] of batches.entries()) {
              checkBatch(batch, limit)
              const next = batches[index + 1]
              if (next === undefined) continue
              assert.equal(next.parent, batch.checkpoint)
              assert.ok(batch.blocks.length === limit || next.day > batch.day, 'a cut without need')
            }
          },
        ),
        { numRuns: 40 },
      )
    })
  }

  function checkBatch(batch: HeaderBatch<HeaderBlock>, limit: number) {
    assert.ok(batch.blocks.length >= 1 && batch.blocks.length <= limit)
    for (const { medianTime } of batch.blocks) assert.equal(Math.floor(medianTime / 86_400), batch.day)
    const seen = relayed(batch.parent, encodeHeaders(batch))
    assert.equal(seen.checkpoint, batch.checkpoint)
    assert.deepEqual(groupsOf(batch).map(groupHash), seen.groups)
    assert.equal(rootsCommitment(batch), seen.commitment)
  }

  it('finds whole days: 832,011 to 833,097 lie in nine of them', function () {
    needData(this)
    const batches = headerBatches(blocksOf('btc_headers_832001_833097.bin', 832_001))
    // 2024-02-25 to 2024-03-04.
    assert.deepEqual(
      batches.map(({ day }) => day),
      Array.from({ length: 9 }, (_, at) => 19_778 + at),
    )
    const [, ...inner] = batches.slice(0, -1)
    for (const { blocks } of inner) assert.ok(blocks.length > 100 && blocks.length < 200, `${blocks.length}`)
  })

  it('refuses blocks that do not follow each other', function () {
    needData(this)
    const blocks = blocksOf('btc_headers_832001_833097.bin', 832_001)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), (gap) => {
        assert.throws(() => headerBatches(blocks.toSpliced(gap, 1)), BrokenChainError)
      }),
    )
  })

  it('refuses a limit that the relay refuses, and what is no header', () => {
    for (const limit of [0, -1, 253]) assert.throws(() => headerBatches([], limit), ProofRangeError)
    assert.deepEqual(headerBatches([]), [])
    for (const length of [0, 48, 79, 81]) {
      assert.throws(() => compactHeader(new Uint8Array(length)), HeaderLengthError)
    }
  })
})
