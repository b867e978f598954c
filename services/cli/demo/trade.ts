import { encodeFunctionData } from 'viem'
import { VALUE_SCALE } from '../../../chain/box.ts'
import { approveCall, indexContract, ledgerContract } from './contracts.ts'
import { pairOf, roundDownToDigits } from './price.ts'
import type { Stage } from './stage.ts'
import { listCall, poolOf, positionOf, quote, swapCall, unlistCall } from './uniswap.ts'

/** Satoshi that the miner locks up, and that the buyer spends on the DEX. */
const escrowBudget = 10_000_000n
const spend = 1_000_000n
const termDays = 7
/** A swap may lose this much against the quote before it is refused, in thousandths. */
const slippagePerMille = 10n

export type Series = {
  long: bigint
  short: bigint
  quantity: bigint
  start: number
  end: number
  cash: bigint
}

/** LONG and SHORT over the coming week, both to the miner. */
export async function escrow(stage: Stage): Promise<Series> {
  const { wbtc, parties, l2 } = stage
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
    const held = await l2.readContract({
      ...ledgerContract,
      functionName: 'balanceOf',
      args: [parties.miner.address, series.long],
    })
    return { transactions: [transaction], amounts: { escrowed: series.cash }, positions: { long: held } }
  })
  return series
}

/** The LONG of the coming week over subsidy and fees, sized so that its worst case costs about the budget. */
async function nextSeries({ l2, index, boxOf }: Stage): Promise<Series> {
  const today = await l2.readContract({
    ...indexContract,
    functionName: 'currentEpoch',
  })
  const start = today + 1
  const end = start + termDays
  const long = boxOf({ index: index.id, start, end })
  const [short, terms, topTicks] = await Promise.all([
    l2.readContract({ ...ledgerContract, functionName: 'mirrorOf', args: [long] }),
    l2.readContract({ ...ledgerContract, functionName: 'termsOf', args: [index.id] }),
    l2.readContract({ ...ledgerContract, functionName: 'topTicksOf', args: [long] }),
  ])
  const quantity = roundDownToDigits((escrowBudget * VALUE_SCALE) / (topTicks * terms.tick), 3)
  const cash = await l2.readContract({
    ...ledgerContract,
    functionName: 'previewEscrow',
    args: [long, quantity],
  })
  return { long, short, quantity, start, end, cash }
}

/** LONG gets an ERC-20 and a pool, priced at what the last known day would pay over the week. */
export async function list(stage: Stage, series: Series): Promise<void> {
  const { wbtc, uniswap, parties } = stage
  const facade = await facadeOf(stage, series)
  await stage.step('list', `LONG becomes the ERC-20 ${facade} and gets a Uniswap v3 pool`, async () => {
    const deployed = await stage.send('miner', 'l2', 'facade', {
      to: ledgerContract.address,
      data: encodeFunctionData({
        abi: ledgerContract.abi,
        functionName: 'deployFacade',
        args: [series.long],
      }),
      value: 0n,
    })
    const baseAmount = series.quantity / 2n
    const quoteAmount = await stage.remember(
      'quote-amount',
      async () => (baseAmount * (await stage.lastDailyValue()) * BigInt(termDays)) / VALUE_SCALE,
    )
    const manager = uniswap.NonfungiblePositionManager
    await stage.send('miner', 'l2', 'approve-long', approveCall(facade, manager, baseAmount))
    await stage.send('miner', 'l2', 'approve-wbtc', approveCall(wbtc.l2, manager, quoteAmount))
    const pair = pairOf(facade, wbtc.l2)
    const recipient = parties.miner.address
    const deadline = await stage.deadline()
    const call = listCall({ contracts: uniswap, pair, baseAmount, quoteAmount, recipient, deadline })
    const listed = await stage.send('miner', 'l2', 'list', call)
    return {
      transactions: [deployed, listed],
      amounts: { 'WBTC in the pool': await stage.balanceAt(await poolOf(stage.l2, uniswap, pair)) },
      positions: { 'LONG in the pool': baseAmount },
    }
  })
}

/** Another account buys LONG on the DEX. */
export async function buy(stage: Stage, series: Series): Promise<void> {
  const { wbtc, uniswap, parties, l2 } = stage
  await stage.step('buy', `the buyer spends ${stage.btc(spend)} on LONG`, async () => {
    const swap = {
      contracts: uniswap,
      tokenIn: wbtc.l2,
      tokenOut: await facadeOf(stage, series),
      amountIn: spend,
    }
    await stage.send('buyer', 'l2', 'approve-router', approveCall(wbtc.l2, uniswap.SwapRouter, spend))
    const expected = await quote(l2, swap)
    const bought = await stage.send(
      'buyer',
      'l2',
      'buy',
      swapCall(swap, {
        recipient: parties.buyer.address,
        deadline: await stage.deadline(),
        amountOutMinimum: (expected * (1_000n - slippagePerMille)) / 1_000n,
      }),
    )
    return {
      transactions: [bought],
      amounts: { spent: spend },
      positions: { bought: await stage.position('buyer', series.long) },
    }
  })
}

/** After the last day: liquidity out of the pool, and both sides are redeemed by whoever holds them. */
export async function redeem(stage: Stage, series: Series): Promise<void> {
  const { uniswap, parties, l2 } = stage
  await stage.step('unlist', 'the miner takes his liquidity out of the pool', async () => {
    const recipient = parties.miner.address
    const position = await positionOf(l2, uniswap, recipient)
    const transactions =
      position === undefined
        ? []
        : [
            await stage.send(
              'miner',
              'l2',
              'unlist',
              unlistCall(uniswap, position, recipient, await stage.deadline()),
            ),
          ]
    return { transactions, positions: { LONG: await stage.position('miner', series.long) } }
  })
  for (const [party, side] of [
    ['buyer', 'long'],
    ['miner', 'long'],
    ['miner', 'short'],
  ] as const) {
    await stage.step(`redeem-${party}-${side}`, `the ${party} redeems ${side.toUpperCase()}`, async () => {
      const id = series[side]
      const held = await stage.remember(`held-${party}-${side}`, () => stage.position(party, id))
      const before = await stage.remember(`before-${party}-${side}`, () => stage.balance(party, 'l2'))
      const transaction = await stage.send(party, 'l2', `redeem-${side}`, {
        to: ledgerContract.address,
        data: encodeFunctionData({
          abi: ledgerContract.abi,
          functionName: 'redeem',
          args: [id, held, parties[party].address],
        }),
        value: 0n,
      })
      const paid = (await stage.balance(party, 'l2')) - before
      return { transactions: [transaction], amounts: { redeemed: paid }, positions: { burned: held } }
    })
  }
}

export function facadeOf({ l2 }: Stage, { long }: Series) {
  return l2.readContract({ ...ledgerContract, functionName: 'facadeOf', args: [long] })
}
