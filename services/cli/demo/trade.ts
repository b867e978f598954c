import { encodeFunctionData } from 'viem'
import { VALUE_SCALE } from '../../../chain/box.ts'
import { approveCall, ledgerContract } from './contracts.ts'
import type { Cuts } from './cut.ts'
import { pairOf } from './price.ts'
import { type Series, sum } from './series.ts'
import type { Stage } from './stage.ts'
import { listCall, poolOf, quote, swapCall } from './uniswap.ts'

/** A swap may lose this much against the quote before it is refused, in thousandths. */
const slippagePerMille = 10n

/** One position that is sold on the DEX. */
export type Market = {
  name: 'long' | 'fees'
  label: string
  id: bigint
  /** What goes into the pool. */
  quantity: bigint
  /** Index value of one unit at which the pool starts. */
  value: bigint
  /** Satoshi that the buyer spends. */
  spend: bigint
}

/** Half of LONG, and all of the fee strip, each priced at what the last known day would pay over the week. */
export function marketsOf(series: Series, cuts: Cuts): Market[] {
  const [, fees = 0n] = series.par
  return [
    {
      name: 'long',
      label: 'LONG',
      id: series.long,
      quantity: series.quantity / 2n,
      value: sum(series.par),
      spend: 1_000_000n,
    },
    {
      name: 'fees',
      label: 'the fee strip',
      id: cuts.fees,
      quantity: cuts.quantity,
      value: fees,
      spend: 30_000n,
    },
  ]
}

/** The position gets an ERC-20 and a pool. */
export async function list(stage: Stage, { name, label, id, quantity, value }: Market): Promise<void> {
  const { wbtc, uniswap, parties } = stage
  const facade = await facadeOf(stage, id)
  await stage.step(
    `list-${name}`,
    `${label} becomes the ERC-20 ${facade} and gets a Uniswap v3 pool`,
    async () => {
      const deployed = await stage.send('miner', 'l2', `facade-${name}`, {
        to: ledgerContract.address,
        data: encodeFunctionData({ abi: ledgerContract.abi, functionName: 'deployFacade', args: [id] }),
        value: 0n,
      })
      const quoteAmount = (quantity * value) / VALUE_SCALE
      const manager = uniswap.NonfungiblePositionManager
      await stage.send('miner', 'l2', `approve-${name}`, approveCall(facade, manager, quantity))
      await stage.send('miner', 'l2', `approve-wbtc-${name}`, approveCall(wbtc.l2, manager, quoteAmount))
      const pair = pairOf(facade, wbtc.l2)
      const recipient = parties.miner.address
      const deadline = await stage.deadline()
      const call = listCall({
        contracts: uniswap,
        pair,
        baseAmount: quantity,
        quoteAmount,
        recipient,
        deadline,
      })
      const listed = await stage.send('miner', 'l2', `list-${name}`, call)
      return {
        transactions: [deployed, listed],
        amounts: { 'WBTC in the pool': await stage.balanceAt(await poolOf(stage.l2, uniswap, pair)) },
        positions: { 'put into the pool': quantity },
      }
    },
  )
}

/** Another account buys on the DEX. */
export async function buy(stage: Stage, { name, label, id, spend }: Market): Promise<void> {
  const { wbtc, uniswap, parties, l2 } = stage
  await stage.step(`buy-${name}`, `the buyer spends ${stage.btc(spend)} on ${label}`, async () => {
    const swap = {
      contracts: uniswap,
      tokenIn: wbtc.l2,
      tokenOut: await facadeOf(stage, id),
      amountIn: spend,
    }
    await stage.send('buyer', 'l2', `approve-router-${name}`, approveCall(wbtc.l2, uniswap.SwapRouter, spend))
    const expected = await quote(l2, swap)
    const bought = await stage.send(
      'buyer',
      'l2',
      `buy-${name}`,
      swapCall(swap, {
        recipient: parties.buyer.address,
        deadline: await stage.deadline(),
        amountOutMinimum: (expected * (1_000n - slippagePerMille)) / 1_000n,
      }),
    )
    return {
      transactions: [bought],
      amounts: { spent: spend },
      positions: { bought: await stage.position('buyer', id) },
    }
  })
}

export function facadeOf({ l2 }: Stage, id: bigint) {
  return l2.readContract({ ...ledgerContract, functionName: 'facadeOf', args: [id] })
}
