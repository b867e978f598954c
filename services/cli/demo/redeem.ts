import { encodeFunctionData } from 'viem'
import { UnbalancedError } from '../errors.ts'
import { ledgerContract } from './contracts.ts'
import type { Cuts } from './cut.ts'
import { type Series, sum } from './series.ts'
import type { Party, Stage } from './stage.ts'
import { positionsOf, unlistCall } from './uniswap.ts'

/** The day before which half of the week has passed. */
export const middleOf = ({ start, end }: Series): number => Math.floor((start + end) / 2)

/**
 * In the middle of the week the buyer takes out what his LONG has earned for certain.
 * @returns What he holds from then on: LONG over the days that are left.
 */
export async function realise(stage: Stage, series: Series): Promise<bigint> {
  const { l2, parties } = stage
  const until = middleOf(series)
  const held = await stage.remember('held-buyer-long', () => stage.position('buyer', series.long))
  const args = [series.long, until, held] as const
  const [due, rest] = await stage.remember('realised', () =>
    l2.readContract({ ...ledgerContract, functionName: 'previewRealise', args }),
  )
  const title = `the buyer realises what LONG has earned in ${until - series.start} of ${series.end - series.start} days`
  await stage.step('realise', title, async () => {
    const before = await stage.remember('before-realise', () => stage.balance('buyer', 'l2'))
    const transaction = await stage.send('buyer', 'l2', 'realise', {
      to: ledgerContract.address,
      data: encodeFunctionData({
        abi: ledgerContract.abi,
        functionName: 'realise',
        args: [...args, parties.buyer.address],
      }),
      value: 0n,
    })
    const realised = (await stage.balance('buyer', 'l2')) - before
    if (realised !== due) throw new UnbalancedError('what the buyer realises', due, realised)
    return {
      transactions: [transaction],
      amounts: { realised },
      positions: { 'rest of LONG': await stage.position('buyer', rest) },
    }
  })
  return rest
}

/** After the last day: liquidity out of both pools. */
export async function unlist(stage: Stage, series: Series, cuts: Cuts): Promise<void> {
  await stage.step('unlist', 'the miner takes his liquidity out of both pools', async () => {
    const recipient = stage.parties.miner.address
    const positions = await positionsOf(stage.l2, stage.uniswap, recipient)
    const call = unlistCall(stage.uniswap, positions, recipient, await stage.deadline())
    const transaction = await stage.send('miner', 'l2', 'unlist', call)
    const [long, fees] = await Promise.all([
      stage.position('miner', series.long),
      stage.position('miner', cuts.fees),
    ])
    return { transactions: [transaction], positions: { LONG: long, 'fee strip': fees } }
  })
}

type Holding = { name: string; id: bigint; quantity: bigint; pays: bigint }

/** Whatever a party holds, by one call. */
export async function redeem(stage: Stage, party: Party, ids: Record<string, bigint>): Promise<void> {
  await stage.step(`redeem-${party}`, `the ${party} redeems all that he holds`, async () => {
    const held = await stage.remember(`held-${party}`, () => holdingsOf(stage, party, ids))
    const before = await stage.remember(`before-redeem-${party}`, () => stage.balance(party, 'l2'))
    const transaction = await stage.send(party, 'l2', 'redeem', {
      to: ledgerContract.address,
      data: encodeFunctionData({
        abi: ledgerContract.abi,
        functionName: 'redeemMany',
        args: [held.map(({ id }) => id), held.map(({ quantity }) => quantity), stage.parties[party].address],
      }),
      value: 0n,
    })
    const redeemed = (await stage.balance(party, 'l2')) - before
    const due = sum(held.map(({ pays }) => pays))
    if (redeemed !== due) throw new UnbalancedError(`what the ${party} redeems`, due, redeemed)
    return {
      transactions: [transaction],
      amounts: { redeemed, ...Object.fromEntries(held.map(({ name, pays }) => [`for ${name}`, pays])) },
      positions: Object.fromEntries(held.map(({ name, quantity }) => [name, quantity])),
    }
  })
}

async function holdingsOf(stage: Stage, party: Party, ids: Record<string, bigint>): Promise<Holding[]> {
  const holdings: Holding[] = []
  for (const [name, id] of Object.entries(ids)) {
    const quantity = await stage.position(party, id)
    if (quantity > 0n) holdings.push({ name, id, quantity, pays: await worthOf(stage, id, quantity) })
  }
  return holdings
}

/** Bond and equity, and subsidy and fees, paid what LONG pays, but for the satoshi that each payment rounds off. */
export async function compareParts(stage: Stage, series: Series, cuts: Cuts): Promise<void> {
  const title = `what ${stage.units(cuts.quantity)} came to, whole and in parts`
  await stage.step('parts', title, async () => {
    const worth = (id: bigint) => worthOf(stage, id, cuts.quantity)
    const [long, subsidy, fees, bond, equity] = await Promise.all([
      worth(series.long),
      worth(cuts.subsidy),
      worth(cuts.fees),
      worth(cuts.bond),
      worth(cuts.equity),
    ])
    for (const [name, parts] of [
      ['subsidy and fees', subsidy + fees],
      ['bond and equity', bond + equity],
    ] as const) {
      if (parts > long || parts < long - 1n) throw new UnbalancedError(`what ${name} pay`, long, parts)
    }
    return { transactions: [], amounts: { LONG: long, subsidy, fees, bond, equity } }
  })
}

const worthOf = ({ l2 }: Stage, id: bigint, quantity: bigint): Promise<bigint> =>
  l2.readContract({ ...ledgerContract, functionName: 'previewRedeem', args: [id, quantity] })
