import { type Address, encodeFunctionData, getAddress, type Hash, type PublicClient, toHex } from 'viem'
import { outputProposer } from '../chain/generated/abi.ts'
import { opConstants, predeploys } from '../chain/generated/addresses.ts'
import { l2ToL1MessagePasserAbi, optimismPortalAbi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import {
  type Call,
  type EtherTransfer,
  minGasLimit,
  type TokenTransfer,
  withdrawErc20Call,
} from './actions.ts'
import { checkRecipient } from './registry.ts'

// In and out by L1 alone, whatever L2's operator does: a deposit on the portal is a transaction that everybody who derives
// L2 from L1 has to execute.
//
// Who calls on L2: the account that called the portal. Where that is a contract, its alias (`aliasOf`): a contract
// should not give `forcedTransactionCall` what it has on L2 under its own address.
//
// Whose ether: what is sent along to the portal is minted to the caller on L2, before anything else and even if the transaction
// fails there. What the transaction moves (`call.value`) comes out of the caller's L2 balance with the minted ether in it. Gas on
// L2 is bought on L1: no L2 ether is needed for it, and what is not used is not given back.

/** What a token's withdrawal costs on L2 at most, with room. */
export const forcedWithdrawalGas = 600_000n
/** What ether sent to an account costs, with room for a contract that books it. */
const transferGas = 100_000n

type OnPortal = { manifest: { l1: Pick<Manifest['l1'], 'contracts'> } }

export type ForcedTransaction = OnPortal & {
  /** What L2 executes. */
  call: Call
  /** Gas on L2. The portal refuses less than 21,000 and 16 a byte. */
  gas: bigint
  /** Wei that go from L1 to the caller on L2. */
  mint?: bigint
}

/** Any transaction on L2, sent on L1. */
export function forcedTransactionCall({ manifest, call, gas, mint = 0n }: ForcedTransaction): Call {
  const data = encodeFunctionData({
    abi: optimismPortalAbi,
    functionName: 'depositTransaction',
    args: [call.to, call.value, gas, false, call.data],
  })
  return { to: manifest.l1.contracts.OptimismPortal, data, value: mint }
}

/** Ether from L1 to `to` on L2. Tokens need no other way than the usual one: it ends on the portal too. */
export function forcedDepositCall({ manifest, amount, to }: EtherTransfer): Call {
  checkRecipient(to)
  const call: Call = { to, data: '0x', value: amount }
  return forcedTransactionCall({ manifest, call, gas: transferGas, mint: amount })
}

/** A token that the caller has on L2, to `to` on L1. Fails on L2, and takes nothing, if the caller has less. */
export function forcedWithdrawErc20Call(transfer: TokenTransfer): Call {
  const { manifest } = transfer
  return forcedTransactionCall({ manifest, call: withdrawErc20Call(transfer), gas: forcedWithdrawalGas })
}

/** Ether that the caller has on L2, all of it if wished, to `to` on L1: straight to the message passer, without a bridge. */
export function forcedWithdrawEtherCall({ manifest, amount, to }: EtherTransfer): Call {
  checkRecipient(to)
  const data = encodeFunctionData({
    abi: l2ToL1MessagePasserAbi,
    functionName: 'initiateWithdrawal',
    args: [to, BigInt(minGasLimit), '0x'],
  })
  const call: Call = { to: predeploys.L2ToL1MessagePasser, data, value: amount }
  return forcedTransactionCall({ manifest, call, gas: forcedWithdrawalGas })
}

/** Who a contract on L1 is on L2. An account with a key is itself. */
export function aliasOf(contract: Address): Address {
  const alias = BigInt.asUintN(160, BigInt(contract) + BigInt(opConstants.AliasOffset))
  return getAddress(toHex(alias, { size: 20 }))
}

/* OUTPUTS */

export type OutputProposal = OnPortal & {
  root: Hash
  l2BlockNumber: bigint
  /** One that the root depends on: should L1 give it up, the oracle refuses the root. No older than 256 blocks. */
  l1Block: { hash: Hash; number: bigint }
  /** Wei, as `readOutputTerms` says. The operator sends 0. */
  bond: bigint
}

/** Proposes the root of the block that the oracle asks for. A root that is not L2's costs the bond. */
export function proposeOutputCall({ manifest, root, l2BlockNumber, l1Block, bond }: OutputProposal): Call {
  const data = encodeFunctionData({
    abi: outputProposer.abi,
    functionName: 'proposeL2Output',
    args: [root, l2BlockNumber, l1Block.hash, l1Block.number],
  })
  return { to: manifest.l1.contracts.OutputProposer, data, value: bond }
}

/** Books a bond to whom it belongs, once an output for its block has matured. */
export function settleBondCall({ manifest, bondId }: OnPortal & { bondId: bigint }): Call {
  const data = encodeFunctionData({ abi: outputProposer.abi, functionName: 'settle', args: [bondId] })
  return { to: manifest.l1.contracts.OutputProposer, data, value: 0n }
}

/** Sends what is booked to the caller to `to`. */
export function claimBondsCall({ manifest, to }: OnPortal & { to: Address }): Call {
  const data = encodeFunctionData({ abi: outputProposer.abi, functionName: 'claim', args: [to] })
  return { to: manifest.l1.contracts.OutputProposer, data, value: 0n }
}

export type OutputTerms = { silenceSeconds: bigint; bond: bigint }

/** On which terms others than the operator may propose. They never change. */
export async function readOutputTerms(l1: PublicClient, { manifest }: OnPortal): Promise<OutputTerms> {
  const proposer = { address: manifest.l1.contracts.OutputProposer, abi: outputProposer.abi } as const
  const [silenceSeconds, bond] = await Promise.all([
    l1.readContract({ ...proposer, functionName: 'SILENCE_SECONDS' }),
    l1.readContract({ ...proposer, functionName: 'BOND' }),
  ])
  return { silenceSeconds, bond }
}

/* WAITING */

export type ForcedTimes = {
  /** Until L2 has executed the transaction. */
  includedSeconds: number
  /** Until anybody may propose an output that covers it. */
  proposableSeconds: number
  /** Until it can be finalised on L1. */
  finalisableSeconds: number
}

/** The proposal, the proof and the finalisation go into a block each. */
const blocksOfL1 = 3

/**
 * How long the three steps of leaving take at most after the L1 block of the forced transaction, if the operator does nothing from
 * then on and others act as soon as they may. With an operator who does his work everything but the finalisation period is short.
 * On engine anvil only the operator's own machine has L2: there nothing of this goes on without it.
 */
export function forcedTimes(
  { l1, l2, bridge }: Pick<Manifest, 'bridge'> & { l1: BlockTime; l2: BlockTime },
  { silenceSeconds }: Pick<OutputTerms, 'silenceSeconds'>,
): ForcedTimes {
  const includedSeconds = Math.ceil(bridge.sequencingWindowBlocks * l1.blockTimeSeconds)
  // The next block with an output comes an interval later at most, and has a window of its own.
  const oldEnough = includedSeconds + Math.ceil(bridge.submissionIntervalBlocks * l2.blockTimeSeconds)
  const proposableSeconds = Math.max(oldEnough, Number(silenceSeconds))
  const blocks = Math.ceil(blocksOfL1 * l1.blockTimeSeconds)
  const finalisableSeconds = proposableSeconds + bridge.finalizationPeriodSeconds + blocks
  return { includedSeconds, proposableSeconds, finalisableSeconds }
}

type BlockTime = { blockTimeSeconds: number }
