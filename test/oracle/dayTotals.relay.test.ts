import assert from 'node:assert/strict'
import { type Hash, toHex } from 'viem'
import { type Block, dayOf } from '../../oracle/block.ts'
import { buildCoinbase } from '../../oracle/coinbase.ts'
import { hash256, toDisplay } from '../../oracle/hash256.ts'
import { hasWork, headerHash, parseHeader, serialiseHeader } from '../../oracle/header.ts'
import { serialiseTransaction } from '../../oracle/transaction.ts'
import type { TestNode } from '../chain/fixture.ts'
import { type GoldenRow, goldenRows, needData, recordedBlocks, windows } from './recorded.ts'
import {
  compact,
  deployRelay,
  groupHashesOf,
  groupsOf,
  lastHash,
  maxBatch,
  proofOf,
  type Relay,
  startRelayNode,
  type Written,
} from './relayFixture.ts'

/*
 * The recorded windows once more, as chains that can be proven: blocks of the recorded heights, times and rewards, each with a
 * coinbase of its own, mined at the easiest target. Work differs, everything else must be what the golden file says of the day.
 */

const easyBits = 0x207f_ffff
const workOfBlock = 2n

describe('bitcoin relay: the golden days, proven', function () {
  this.timeout(600_000)
  let node: TestNode

  before(async function () {
    needData(this)
    node = await startRelayNode()
  })
  after(() => node?.stop())

  // How many blocks there are up to the one that the relay is told to trust. The first window begins with the chain itself.
  const starts = [
    { window: windows[0], trusted: 1, firstDay: 14_253 },
    { window: windows[1], trusted: 11, firstDay: 17_519 },
    { window: windows[2], trusted: 11, firstDay: 18_739 },
  ]
  for (const { window, trusted, firstDay } of starts) {
    it(`closes every day of ${window}`, async () => {
      const blocks: Block[] = []
      for await (const block of recordedBlocks(window).blocks()) blocks.push(block)
      const relay = await startRelay(blocks.slice(0, trusted), firstDay)
      const chain = mineLike(blocks.slice(trusted), await relay.best())
      const golden = (await goldenRows('mtp')).filter(({ day_id }) => {
        const day = Number(day_id)
        return day >= firstDay && day <= dayOf(blocks.at(-1)?.medianTime ?? 0)
      })
      const byDay = cutInBatches(chain)
      for (const batch of [...byDay.values()].flat()) {
        await relay.addHeaders(belowOf(batch), compact(batch.map(({ header }) => header)))
      }
      let previous = 0n
      for (const row of golden) previous = await closeDay(relay, row, byDay, previous)
      assert.deepEqual((await relay.written()).map(shown), golden.map(wanted))
    })
  }

  function startRelay(before: Block[], firstDay: number): Promise<Relay> {
    const top = before.at(-1)
    assert.ok(top)
    // What stands in for times before a chain's first block.
    const missing = [0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1].map((high) => high * 0xffff_ffff)
    const times = [...missing.slice(before.length), ...before.map(({ time }) => time)]
    const { hash, height } = top
    const genesis = { hash, height, chainwork: 0n, bits: easyBits, epochStart: 0, times }
    return deployRelay(node, { genesis, powLimitBits: easyBits, noRetarget: true, firstDay })
  }
})

type Mined = { block: Block; header: Uint8Array; coinbase: Uint8Array }

/** Blocks with the heights, times and rewards of recorded ones, on top of `below`. */
function mineLike(blocks: readonly Block[], below: Hash): Mined[] {
  let previousHash = below
  return blocks.map((block) => {
    const coinbase = serialiseTransaction(
      buildCoinbase({
        height: block.height,
        tag: Buffer.from('/like it was/'),
        outputs: [{ value: block.subsidy + block.fees, script: Buffer.alloc(22, 1) }],
      }),
    )
    const merkleRoot = toDisplay(hash256(coinbase))
    for (let nonce = 0; ; nonce++) {
      const header = serialiseHeader({
        version: 0x2000_0000,
        previousHash,
        merkleRoot,
        time: block.time,
        bits: easyBits,
        nonce,
      })
      if (!hasWork(header)) continue
      previousHash = headerHash(header)
      return { block, header, coinbase }
    }
  })
}

/** The batches of each day, by the recorded median times. */
function cutInBatches(chain: readonly Mined[]): Map<number, Mined[][]> {
  const byDay = new Map<number, Mined[][]>()
  for (const mined of chain) {
    const day = dayOf(mined.block.medianTime)
    const batches = byDay.get(day) ?? [[]]
    byDay.set(day, batches)
    const open = batches.at(-1)
    if (open === undefined || open.length === maxBatch) batches.push([mined])
    else open.push(mined)
  }
  return byDay
}

function belowOf([first]: readonly Mined[]): Hash {
  assert.ok(first)
  return parseHeader(first.header).previousHash
}

/** Proves all of a day and closes it. Answers with its median, the next day's previous one. */
async function closeDay(
  relay: Relay,
  row: GoldenRow,
  byDay: Map<number, Mined[][]>,
  previous: bigint,
): Promise<bigint> {
  const medianFee = BigInt(row.fee_lower_median_sat ?? '')
  const batches = byDay.get(Number(row.day_id))
  assert.ok(batches, `day ${row.day_id} has blocks`)
  for (const batch of batches) {
    const headers = batch.map(({ header }) => header)
    const hashes = groupHashesOf(headers)
    for (const [index, group] of groupsOf(batch).entries()) {
      const others = hashes.filter((_, other) => other !== index)
      const proofs = Buffer.concat(group.map(({ coinbase }) => proofOf(coinbase, new Uint8Array())))
      await relay.prove([lastHash(headers), BigInt(index), medianFee, previous, others, toHex(proofs)])
    }
  }
  const last = lastHash(batches.flat().map(({ header }) => header))
  await relay.closeDay(Number(row.day_id), last, medianFee)
  return medianFee
}

function shown({ day, empty, totals }: Written) {
  const { lastHeight, work, subsidy, fees, cappedFees, medianFee } = totals
  return { day, empty, lastHeight, work, subsidy, fees, cappedFees, medianFee }
}

function wanted(row: GoldenRow): ReturnType<typeof shown> {
  const number = (column: string) => BigInt(row[column] ?? '')
  return {
    day: Number(row.day_id),
    empty: false,
    lastHeight: Number(row.height_max),
    work: workOfBlock * number('blocks'),
    subsidy: number('subsidy_sat'),
    fees: number('fees_sat'),
    cappedFees: number('fees_capped_sat'),
    medianFee: number('fee_lower_median_sat'),
  }
}
