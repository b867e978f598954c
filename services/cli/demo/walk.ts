import { type Address, encodeFunctionData, erc20Abi } from 'viem'
import { depositErc20Call, depositEtherCall, withdrawErc20Call } from '../../../bridge/actions.ts'
import { payoutForwarderFactory, testWBTC } from '../../../chain/generated/abi.ts'
import { approveCall } from './contracts.ts'
import type { Sent, Stage } from './stage.ts'

/** Satoshi that the pool pays out to the miner, and that the buyer brings along. */
const payout = 30_000_000n
const buyerFunds = 10_000_000n
/** Wei that each of them takes along for gas on L2. */
const gasMoney = 100_000_000_000_000_000n

/* L1 TO L2 */

/** The pool pays the miner as on any day: to the address that he has set, which is his forwarder. */
export async function payPool(stage: Stage): Promise<void> {
  const { wbtc, parties } = stage
  const forwarder = await forwarderOf(stage, parties.miner.address)
  await stage.step(
    'payout',
    `the pool pays ${stage.btc(payout)} to the miner's forwarder ${forwarder}`,
    async () => {
      await stage.send('pool', 'l1', 'faucet', {
        to: wbtc.l1,
        data: encodeFunctionData({
          abi: testWBTC.abi,
          functionName: 'faucet',
          args: [parties.pool.address, payout],
        }),
        value: 0n,
      })
      const transaction = await stage.send('pool', 'l1', 'payout', {
        to: wbtc.l1,
        data: encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [forwarder, payout] }),
        value: 0n,
      })
      return { transactions: [transaction], amounts: { 'from the faucet': payout } }
    },
  )
}

/** Anyone may sweep a forwarder; here the pool does. The reward comes out on L2, in the miner's account. */
export async function sweep(stage: Stage): Promise<void> {
  const { wbtc, parties } = stage
  const factory = stage.payoutForwarderFactory
  await stage.step('sweep', 'the forwarder is swept over the bridge, to the miner on L2', async () => {
    const transaction = await stage.send('pool', 'l1', 'sweep', {
      to: factory,
      data: encodeFunctionData({
        abi: payoutForwarderFactory.abi,
        functionName: 'sweep',
        args: [parties.miner.address, wbtc.l1],
      }),
      value: 0n,
    })
    const minted = await stage.delivered(transaction.hash)
    return { transactions: [transaction, ...minted], amounts: { minted: await stage.balance('miner', 'l2') } }
  })
}

/** The buyer comes by the plain deposit of the standard bridge, and both bring ether for gas. */
export async function deposit(stage: Stage): Promise<void> {
  const { wbtc, parties, manifest } = stage
  await stage.step(
    'deposit',
    `the buyer bridges ${stage.btc(buyerFunds)}; both bring ether for gas`,
    async () => {
      const to = parties.buyer.address
      const bridge = manifest.l1.contracts.L1StandardBridge
      await stage.send('buyer', 'l1', 'faucet', {
        to: wbtc.l1,
        data: encodeFunctionData({ abi: testWBTC.abi, functionName: 'faucet', args: [to, buyerFunds] }),
        value: 0n,
      })
      await stage.send('buyer', 'l1', 'approve', approveCall(wbtc.l1, bridge, buyerFunds))
      const transactions = [
        await stage.send(
          'buyer',
          'l1',
          'deposit',
          depositErc20Call({ manifest, token: wbtc.l1, amount: buyerFunds, to }),
        ),
      ]
      for (const party of ['buyer', 'miner'] as const) {
        const call = depositEtherCall({ manifest, amount: gasMoney, to: parties[party].address })
        transactions.push(await stage.send(party, 'l1', 'gas', call))
      }
      const arrived: Sent[] = []
      for (const { hash } of transactions) arrived.push(...(await stage.delivered(hash)))
      return {
        transactions: [...transactions, ...arrived],
        amounts: { 'from the faucet': buyerFunds, minted: await stage.balance('buyer', 'l2') },
      }
    },
  )
}

/* L2 TO L1 */

/** Everything that is left on L2 goes home. Root, proof and finalisation follow without anybody doing anything. */
export async function withdraw(stage: Stage): Promise<void> {
  const { wbtc, parties, manifest } = stage
  const initiated = []
  for (const party of ['miner', 'buyer'] as const) {
    const done = await stage.step(`withdraw-${party}`, `the ${party} sends all WBTC back to L1`, async () => {
      const amount = await stage.balance(party, 'l2')
      const call = withdrawErc20Call({ manifest, token: wbtc.l2, amount, to: parties[party].address })
      const transaction = await stage.send(party, 'l2', 'withdraw', call)
      return { transactions: [transaction], amounts: { burned: amount } }
    })
    initiated.push({ party, done })
  }
  for (const { party, done } of initiated) {
    await stage.step(`finalise-${party}`, `the withdrawal arrives on L1, for the ${party}`, async () => {
      const [withdrawal] = done.transactions
      const transactions = withdrawal === undefined ? [] : await stage.finalised(withdrawal.hash)
      return { transactions, amounts: { released: await stage.balance(party, 'l1') } }
    })
  }
}

/* SHARED */

function forwarderOf(stage: Stage, recipient: Address): Promise<Address> {
  return stage.l1.readContract({
    address: stage.payoutForwarderFactory,
    abi: payoutForwarderFactory.abi,
    functionName: 'forwarderOf',
    args: [recipient],
  })
}
