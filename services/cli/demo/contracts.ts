import { type Address, encodeFunctionData, erc20Abi } from 'viem'
import type { Call } from '../../../bridge/actions.ts'
import { ledger, rewardIndex } from '../../../chain/generated/abi.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'

/** Our predeploys in the form that viem's reads take. */
export const ledgerContract = { address: hashsandPredeploys.Ledger, abi: ledger.abi } as const
export const indexContract = { address: hashsandPredeploys.RewardIndex, abi: rewardIndex.abi } as const

export function approveCall(token: Address, spender: Address, amount: bigint): Call {
  const data = encodeFunctionData({ abi: erc20Abi, functionName: 'approve', args: [spender, amount] })
  return { to: token, data, value: 0n }
}
