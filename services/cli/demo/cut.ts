import { encodeFunctionData } from 'viem'
import { axisNumber } from '../../../chain/boxCuts.ts'
import { bondStrikeTicks, percentDown } from './bond.ts'
import { ledgerContract } from './contracts.ts'
import { type Series, sum } from './series.ts'
import type { Stage } from './stage.ts'

const ratePercent = 5n
const subsidyMask = 0b01n
/** An index value of one unit is satoshi times this. */
const satoshiScale = 10n ** 18n

/** What the miner makes of LONG: two quarters of it, one cut by component and one by value. */
export type Cuts = {
  /** Of each part. */
  quantity: bigint
  subsidy: bigint
  fees: bigint
  bond: bigint
  equity: bigint
  strikeTicks: bigint
}

/** One part of LONG becomes a strip of the subsidy and one of the fees, another a bond and its equity. Nothing is rounded. */
export async function cut(stage: Stage, series: Series): Promise<Cuts> {
  const cuts = await stage.remember('cuts', () => planCuts(stage, series))
  const { quantity, strikeTicks } = cuts
  const title = `the miner cuts ${stage.units(quantity)} of LONG into subsidy and fees, and as many into a ${ratePercent} % bond and its equity`
  await stage.step('cut', title, async () => {
    const split = (along: number, at: bigint) =>
      encodeFunctionData({
        abi: ledgerContract.abi,
        functionName: 'split',
        args: [series.long, along, at, quantity],
      })
    const transaction = await stage.send('miner', 'l2', 'cut', {
      to: ledgerContract.address,
      data: encodeFunctionData({
        abi: ledgerContract.abi,
        functionName: 'multicall',
        args: [[split(axisNumber.component, subsidyMask), split(axisNumber.value, strikeTicks)]],
      }),
      value: 0n,
    })
    return {
      transactions: [transaction],
      positions: { 'of each part': quantity },
      facts: terms(stage, series, cuts),
    }
  })
  return cuts
}

async function planCuts(
  { l2 }: Stage,
  { long, quantity, start, end, par, tick, topTicks }: Series,
): Promise<Cuts> {
  const strikeTicks = bondStrikeTicks({ par: sum(par), days: end - start, ratePercent, tick, topTicks })
  const partsOf = (along: number, at: bigint) =>
    l2.readContract({ ...ledgerContract, functionName: 'partsOf', args: [long, along, at] })
  const [[subsidy, fees], [bond, equity]] = await Promise.all([
    partsOf(axisNumber.component, subsidyMask),
    partsOf(axisNumber.value, strikeTicks),
  ])
  return { quantity: quantity / 4n, subsidy, fees, bond, equity, strikeTicks }
}

/** In words: whoever is offered a bond must see that nobody guarantees it. */
function terms(stage: Stage, { tick, expected }: Series, { strikeTicks }: Cuts): Record<string, string> {
  const strike = strikeTicks * tick
  const ceiling = stage.btc(strike / satoshiScale)
  return {
    'subsidy strip': 'pays the block subsidy that a unit earns',
    'fee strip': 'pays the fees that it earns',
    bond: `pays what a unit earns, up to ${ceiling}: the last known day over the week, and ${ratePercent} % a year on top`,
    equity: `pays what a unit earns above ${ceiling}`,
    coverage: `${percentDown(expected, strike)} of the bond's ${ceiling}, if days pay what the last known ones did on average`,
    'worst case': 'the bond pays 0: nobody adds what is not earned',
    strikeTicks: String(strikeTicks),
  }
}
