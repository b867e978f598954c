import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type Hash, type Hex, keccak256 } from 'viem'
import { type Block, dayOf } from '../../../oracle/block.ts'
import { completeDays } from '../../../oracle/dayTotals.ts'
import { ProofRangeError } from '../../../oracle/errors.ts'
import { proveBlock } from '../../../oracle/proofs/blockProof.ts'
import { accumulate, coinbaseProofs, encodeCoinbases } from '../../../oracle/proofs/coinbaseProofs.ts'
import { headerBatches, rootsCommitment } from '../../../oracle/proofs/headerBatches.ts'
import { firstDay } from '../../../oracle/simulator/rules.ts'
import { createSimulatorSource } from '../../../oracle/sources/simulator.ts'
import { goldenRows, needData, recordedBlocks, windows } from '../recorded.ts'
import { bytesOf, parametersOf, recordedCoinbases } from './recordedCoinbases.ts'

const twice = (bytes: Uint8Array) =>
  createHash('sha256').update(createHash('sha256').update(bytes).digest()).digest()

/** The Merkle roots that a relay computes from encoded proofs. */
function rootsIn(proofs: Hex): Buffer[] {
  const bytes = Buffer.from(proofs.slice(2), 'hex')
  const roots: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUIntBE(at, 3)
    let node = twice(bytes.subarray(at + 4, end))
    const nodes = bytes[at + 3] ?? 0
    for (let depth = 0; depth < nodes; depth++) {
      node = twice(Buffer.concat([node, bytes.subarray(end + 32 * depth, end + 32 * (depth + 1))]))
    }
    roots.push(node)
    at = end + 32 * nodes
  }
  return roots
}

const packed = (hashes: readonly Hash[]) => Buffer.concat(hashes.map(bytesOf))

describe('coinbase proofs', () => {
  it('encodes ten real coinbases so that their Merkle roots come out', function () {
    needData(this)
    const all = recordedCoinbases()
    const blocks = all.map((given) => proveBlock(parametersOf(given)))
    assert.deepEqual(
      rootsIn(encodeCoinbases(blocks)),
      all.map(({ header }) => bytesOf(header).subarray(36, 68)),
    )
  })

  it('proves every group of a simulated day against what its checkpoints commit to', async () => {
    const source = createSimulatorSource({ seed: 'proofs' })
    const blocks = []
    for await (const block of source.blocks()) {
      const day = dayOf(block.medianTime)
      if (day > firstDay) break
      if (day === firstDay) blocks.push(block)
    }
    const medians = { medianFee: 7n, previousMedianFee: 5n }
    let proven = 0
    for (const limit of [252, 100, 12, 5]) {
      proven = 0
      for (const batch of headerBatches(blocks, limit)) {
        for (const call of coinbaseProofs(batch, medians)) {
          assert.equal(call.checkpoint, batch.checkpoint)
          assert.deepEqual([call.medianFee, call.previousMedianFee], [7n, 5n])
          const roots = rootsIn(call.proofs)
          const hashes = call.otherGroupHashes.toSpliced(
            Number(call.group),
            0,
            keccak256(Buffer.concat(roots)),
          )
          assert.equal(keccak256(packed(hashes)), rootsCommitment(batch))
          proven += roots.length
        }
      }
      assert.equal(proven, blocks.length)
    }
    assert.ok(blocks.length > 100)
  })

  it('counts what the golden file has of all 334 days', async function () {
    needData(this)
    const golden = new Map((await goldenRows('mtp')).map((row) => [Number(row.day_id), row]))
    let days = 0
    for (const window of windows) {
      const byDay = new Map<number, Block[]>()
      for await (const block of recordedBlocks(window).blocks()) {
        const day = dayOf(block.medianTime)
        byDay.set(day, [...(byDay.get(day) ?? []), block])
      }
      for (const [day, blocks] of byDay) {
        const row = golden.get(day)
        if (row === undefined) continue
        days += 1
        const medianFee = BigInt(row.fee_lower_median_sat ?? '')
        // The cap is three times the larger median: it tells the other one where that matters.
        const previousMedianFee = BigInt(row.fee_cap_sat ?? '') / 3n
        const { subsidy, fees, cappedFees, below, at } = accumulate(blocks, { medianFee, previousMedianFee })
        assert.deepEqual([subsidy, fees, cappedFees].map(String), [
          row.subsidy_sat,
          row.fees_sat,
          row.fees_capped_sat,
        ])
        const middle = Math.floor((blocks.length - 1) / 2)
        assert.ok(below <= middle && middle < below + at, `${below} below, ${at} at, of ${blocks.length}`)
        const sorted = blocks.map((block) => Number(block.fees)).sort((a, b) => a - b)
        assert.equal(below, sorted.indexOf(Number(medianFee)))
        assert.equal(below + at, sorted.lastIndexOf(Number(medianFee)) + 1)
      }
    }
    assert.equal(days, 334)
  })

  it('agrees with the totals of simulated days, one after the other', async () => {
    const source = createSimulatorSource({ seed: 'sums' })
    const blocks: Block[] = []
    for await (const block of source.blocks()) {
      if (dayOf(block.medianTime) > firstDay + 2) break
      blocks.push(block)
    }
    let previousMedianFee = 0n
    for await (const totals of completeDays(blocks, { firstDay })) {
      const ofDay = blocks.filter(({ medianTime }) => dayOf(medianTime) === totals.day)
      const sums = accumulate(ofDay, { medianFee: totals.medianFee, previousMedianFee })
      assert.deepEqual(
        [sums.subsidy, sums.fees, sums.cappedFees],
        [totals.subsidy, totals.fees, totals.cappedFees],
      )
      assert.ok(totals.cappedFees <= totals.fees)
      previousMedianFee = totals.medianFee
    }
  })

  it('refuses what the encoding cannot hold', () => {
    const branch = Array.from({ length: 256 }, () => new Uint8Array(32))
    const coinbase = new Uint8Array(2 ** 24)
    assert.throws(() => encodeCoinbases([{ coinbase: new Uint8Array(65), branch }]), ProofRangeError)
    assert.throws(() => encodeCoinbases([{ coinbase, branch: [] }]), ProofRangeError)
    assert.equal(encodeCoinbases([]), '0x')
  })
})
