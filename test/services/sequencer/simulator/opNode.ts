import { concatHex, type Hex, keccak256, toHex } from 'viem'
import { getSourceHash, serializeTransaction } from 'viem/op-stack'
import { opConstants } from '../../../../chain/generated/addresses.ts'
import { dueDeposits } from './deposits.ts'
import { headOf, type L1Block } from './l1Chain.ts'
import { appendL2, type DepositTx, type L2Chain, readDeposit } from './l2Chain.ts'
import { takeFromPool } from './l2Keys.ts'
import { hashOf, l1BlockPredeploy } from './places.ts'

/** L1 blocks between L1's head and what the sequencing node takes as an origin. */
const distance = 2n

/** What op-node does in a slot: gives up blocks whose origin is gone, then makes one with the next origin, if there is one. */
export function followL1(l2: L2Chain): void {
  giveUp(l2)
  const { l1 } = l2
  const { origin } = headOf(l2).state
  const next = origin.number === 0n ? 2n : origin.number + 1n
  const block = next <= headOf(l1).number - distance ? l1.blocks[Number(next)] : undefined
  const users = takeFromPool(l2)
  if (block === undefined) {
    const known = l1.known.get(origin.hash)
    appendL2(l2, known === undefined ? users : [attributesOf(known, headOf(l2).number), ...users])
    return
  }
  const deposits = dueDeposits(block, l2.plans).map(({ plan, sourceHash }) => {
    const { from, to, mint, value, data } = plan
    return readDeposit(
      serializeTransaction({
        type: 'deposit',
        sourceHash,
        from,
        to,
        mint,
        value,
        gas: 300_000n,
        data,
        isSystemTx: false,
      }),
    )
  })
  appendL2(l2, [attributesOf(block, 0n), ...deposits, ...users])
}

/** An L1 reorganisation takes with it every L2 block that stands on it. Users' transactions wait again. */
export function giveUp(l2: L2Chain): void {
  const { l1 } = l2
  for (let head = headOf(l2); head.state.origin.number > 0n; head = headOf(l2)) {
    const { number, hash } = head.state.origin
    if (l1.blocks[Number(number)]?.hash === hash) return
    l2.blocks.pop()
    l2.pool.push(...head.receipts.flatMap(({ tx }) => (tx.kind === 'deposit' ? [] : [tx])))
  }
}

function attributesOf({ number, hash, timestamp }: L1Block, sequenceNumber: bigint): DepositTx {
  const data: Hex = concatHex([
    keccak256(toHex('setL1BlockValuesEcotone()')).slice(0, 10) as Hex,
    toHex(0, { size: 8 }),
    toHex(sequenceNumber, { size: 8 }),
    toHex(timestamp, { size: 8 }),
    toHex(number, { size: 8 }),
    toHex(1n, { size: 32 }),
    toHex(1n, { size: 32 }),
    hash,
    hashOf('batcher'),
  ])
  const raw = serializeTransaction({
    type: 'deposit',
    sourceHash: getSourceHash({
      domain: 'l1InfoDeposit',
      l1BlockHash: hash,
      sequenceNumber: Number(sequenceNumber),
    }),
    from: opConstants.DepositorAccount,
    to: l1BlockPredeploy,
    mint: 0n,
    value: 0n,
    gas: 1_000_000n,
    data,
    isSystemTx: false,
  })
  return readDeposit(raw)
}
