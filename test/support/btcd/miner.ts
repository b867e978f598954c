import assert from 'node:assert/strict'
import type { Hash } from 'viem'
import { regtest, scheduledSubsidy } from '../../../oracle/bitcoinChain.ts'
import { buildCoinbase } from '../../../oracle/coinbase.ts'
import { toDisplay } from '../../../oracle/hash256.ts'
import { hasWork, headerHash, serialiseHeader } from '../../../oracle/header.ts'
import { medianTimePast } from '../../../oracle/medianTime.ts'
import { merkleRoot } from '../../../oracle/merkle.ts'
import { serialiseTransaction, type Transaction, txidOf } from '../../../oracle/transaction.ts'
import type { Btcd } from './btcd.ts'

/** Blocks after which a coinbase may be spent. */
const maturity = 100
/** OP_TRUE: whoever names the output may spend it. */
const anyone = Uint8Array.of(0x51)
const bits = 0x207f_ffff

export type MinedBlock = { hash: Hash; time: number; coinbase: Transaction; bytes: Uint8Array }

export type BlockWish = {
  /** Of the header; moved to the first second that consensus allows where it is earlier. */
  time: number
  /** One transaction for each, in a row. Dropped while no coinbase is ripe. */
  fees?: readonly bigint[]
  /** What the coinbase leaves to nobody. */
  unclaimed?: bigint
}

/** A line of blocks from the genesis of regtest on; a copy of it is another branch. */
export type Miner = {
  blocks: MinedBlock[]
  /** Builds the next block, without sending it. */
  build(wish: BlockWish): MinedBlock
  /** The line up to `height`, to go on from there on a branch of its own. */
  fork(height: number): Miner
}

const genesis: MinedBlock = {
  hash: regtest.anchor.hash,
  time: 1_296_688_602,
  coinbase: { version: 1, inputs: [], outputs: [], lockTime: 0 },
  bytes: new Uint8Array(),
}

export function createMiner(name: string, blocks: MinedBlock[] = [genesis]): Miner {
  return {
    blocks,
    build(wish) {
      const block = buildBlock(name, blocks, wish)
      blocks.push(block)
      return block
    },
    fork: (height) => createMiner(`${name}'`, blocks.slice(0, height + 1)),
  }
}

/** Gives a block to the node and sees that it takes it. */
export async function submit({ rpc }: Btcd, { bytes }: MinedBlock): Promise<void> {
  assert.equal(await rpc('submitblock', Buffer.from(bytes).toString('hex')), null)
}

function buildBlock(name: string, blocks: readonly MinedBlock[], wish: BlockWish): MinedBlock {
  const height = blocks.length
  const parent = blocks[height - 1] ?? genesis
  const { transactions, paid } = spend(blocks[height - maturity], wish.fees ?? [])
  const reward = scheduledSubsidy(height, regtest) + paid - (wish.unclaimed ?? 0n)
  const coinbase = buildCoinbase({
    height,
    tag: Buffer.from(`/${name}/`),
    outputs: [{ value: reward, script: anyone }],
  })
  const all = [coinbase, ...transactions]
  const earliest = medianTimePast(blocks.map(({ time }) => time)) + 1
  const time = Math.max(wish.time, earliest)
  const header = solve({
    version: 0x2000_0000,
    previousHash: parent.hash,
    merkleRoot: toDisplay(merkleRoot(all.map(txidOf))),
    time,
    bits,
  })
  const bytes = Buffer.concat([header, Uint8Array.of(all.length), ...all.map(serialiseTransaction)])
  return { hash: headerHash(header), time, coinbase, bytes }
}

/** Transactions in a row, each spending the one before and the first a ripe coinbase. */
function spend(ripe: MinedBlock | undefined, fees: readonly bigint[]) {
  const transactions: Transaction[] = []
  let from = ripe?.coinbase
  let value = from?.outputs[0]?.value
  if (from === undefined || value === undefined) return { transactions, paid: 0n }
  for (const fee of fees) {
    value -= fee
    from = {
      version: 2,
      inputs: [
        { previousTxid: txidOf(from), previousIndex: 0, script: new Uint8Array(), sequence: 0xffff_ffff },
      ],
      outputs: [{ value, script: anyone }],
      lockTime: 0,
    }
    transactions.push(from)
  }
  return { transactions, paid: fees.reduce((sum, fee) => sum + fee, 0n) }
}

function solve(fields: Omit<Parameters<typeof serialiseHeader>[0], 'nonce'>): Uint8Array {
  for (let nonce = 0; ; nonce++) {
    const header = serialiseHeader({ ...fields, nonce })
    if (hasWork(header)) return header
  }
}
