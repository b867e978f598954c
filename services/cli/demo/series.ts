import { encodeFunctionData } from 'viem'
import { VALUE_SCALE } from '../../../chain/box.ts'
import { approveCall, indexContract, ledgerContract } from './contracts.ts'
import { roundDownToDigits } from './price.ts'
import type { Stage } from './stage.ts'

/** Satoshi that the miner locks up. */
const escrowBudget = 10_000_000n
const termDays = 7
/** Days whose average stands for what a coming day may pay. */
const meanDays = 7

/** A week of hashrate, and what was known of its worth when it was chosen. Values are index values of one unit. */
export type Series = {
  long: bigint
  short: bigint
  quantity: bigint
  start: number
  end: number
  cash: bigint
  tick: bigint
  topTicks: bigint
  /** What the week pays, per component, if each day pays what the last known one did. */
  par: readonly bigint[]
  /** What it pays, over all components, if each pays what the last known ones did on average. */
  expected: bigint
}

/** LONG and SHORT over the coming week, both to the miner. */
export async function escrow(stage: Stage): Promise<Series> {
  const { wbtc, parties } = stage
  const series = await stage.remember('series', () => nextSeries(stage))
  const title = `the miner escrows ${stage.units(series.quantity)} of hashrate, days ${series.start} to ${series.end - 1}`
  await stage.step('escrow', title, async () => {
    await stage.send(
      'miner',
      'l2',
      'approve-ledger',
      approveCall(wbtc.l2, ledgerContract.address, series.cash),
    )
    const transaction = await stage.send('miner', 'l2', 'escrow', {
      to: ledgerContract.address,
      data: encodeFunctionData({
        abi: ledgerContract.abi,
        functionName: 'escrow',
        args: [series.long, series.quantity, parties.miner.address, parties.miner.address],
      }),
      value: 0n,
    })
    const held = await stage.position('miner', series.long)
    return { transactions: [transaction], amounts: { escrowed: series.cash }, positions: { long: held } }
  })
  return series
}

/** The LONG of the coming week over subsidy and fees, sized so that its worst case costs about the budget. */
async function nextSeries({ l2, index, boxOf, recentRewards }: Stage): Promise<Series> {
  const recent = await recentRewards(meanDays)
  const today = await l2.readContract({
    ...indexContract,
    functionName: 'currentEpoch',
  })
  const start = today + 1
  const end = start + termDays
  const long = boxOf({ index: index.id, start, end })
  const [short, { tick }, topTicks] = await Promise.all([
    l2.readContract({ ...ledgerContract, functionName: 'mirrorOf', args: [long] }),
    l2.readContract({ ...ledgerContract, functionName: 'termsOf', args: [index.id] }),
    l2.readContract({ ...ledgerContract, functionName: 'topTicksOf', args: [long] }),
  ])
  const quantity = roundDownToDigits((escrowBudget * VALUE_SCALE) / (topTicks * tick), 3)
  const cash = await l2.readContract({
    ...ledgerContract,
    functionName: 'previewEscrow',
    args: [long, quantity],
  })
  return { long, short, quantity, start, end, cash, tick, topTicks, ...forecast(recent) }
}

/** @param recent The rewards of the last known days per component, newest last. */
function forecast(recent: readonly (readonly bigint[])[]): Pick<Series, 'par' | 'expected'> {
  const days = BigInt(termDays)
  return {
    par: (recent.at(-1) ?? []).map((reward) => reward * days),
    expected: (sum(recent.flat()) * days) / BigInt(recent.length),
  }
}

export const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n)
