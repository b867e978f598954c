import { erc20Abi } from 'viem'
import { withdrawErc20Call } from '../../bridge/actions.ts'
import { depositWithGasCall, depositWithGasSpender } from '../../bridge/depositWithGas.ts'
import { estimateDeposit } from '../../bridge/estimates.ts'
import { checkFunds } from '../../bridge/funds.ts'
import { depositsOf, readDepositState, readWithdrawalState, withdrawalsOf } from '../../bridge/observe.ts'
import { checkBacking, openTokenRegistry } from '../../bridge/registry.ts'
import type { RunningNetwork, User } from '../support/network.ts'

// What bridge/README.md shows, from here to the end: example.test.ts compares the two, and runs it.

type Parameters = Pick<RunningNetwork, 'manifest' | 'l1' | 'l2'> & {
  user: User
  amount: bigint
  ether: bigint
  until: (isSo: () => Promise<boolean>) => Promise<unknown>
}

/** Brings WBTC to L2 with ether for gas there, and home again. */
export async function thereAndBack({ manifest, l1, l2, user, amount, ether, until }: Parameters) {
  const { OptimismPortal, L1StandardBridge: bridge } = manifest.l1.contracts
  const to = user.address

  // Which token is which, seen on both chains, and whether all of it is there.
  const registry = await openTokenRegistry({ l1, l2 }, { manifest })
  const [pair] = registry.pairs
  if (pair === undefined) return []
  await checkBacking({ l1, l2 }, { bridge, pair })

  // What it takes, before anything is signed.
  const { steps } = await estimateDeposit({ l1, l2 }, { manifest, cargo: 'erc20 with gas' })
  const gas = steps[0]?.gas?.limit

  const spender = depositWithGasSpender({ manifest })
  const allow = { address: pair.l1, abi: erc20Abi, functionName: 'approve', args: [spender, amount] } as const
  await l1.waitForTransactionReceipt({ hash: await user.l1.writeContract(allow) })
  const call = depositWithGasCall({ manifest, token: pair.l1, amount, ether, to })
  const hash = await user.l1.sendTransaction({ ...call, ...(gas && { gas }) })
  const deposits = depositsOf(await l1.waitForTransactionReceipt({ hash }), OptimismPortal)
  for (const deposit of deposits) {
    await until(async () => (await readDepositState({ l1, l2 }, deposit)) !== 'seen')
  }

  // Home again, paid with the ether that came along. The operator proves it and finalises it; whoever does not want to
  // wait for him has `readProveCall` and `finaliseCall`.
  const home = withdrawErc20Call({ manifest, token: pair.l2, amount, to })
  await checkFunds(l2, { account: to, call: home })
  const begun = await l2.waitForTransactionReceipt({ hash: await user.l2.sendTransaction(home) })
  const withdrawals = withdrawalsOf(begun)
  for (const withdrawal of withdrawals) {
    const query = { contracts: manifest.l1.contracts, withdrawal }
    await until(async () => (await readWithdrawalState(l1, query)) === 'finalised')
  }
  return [...deposits, ...withdrawals].map((message) => message.hash)
}
