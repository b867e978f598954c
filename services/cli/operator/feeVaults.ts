import {
  type Address,
  encodeFunctionData,
  formatEther,
  type Hash,
  type PublicClient,
  parseEventLogs,
} from 'viem'
import type { Call } from '../../../bridge/actions.ts'
import { checkFunds } from '../../../bridge/funds.ts'
import { withdrawalsOf } from '../../../bridge/observe.ts'
import { predeploys } from '../../../chain/generated/addresses.ts'
import { sequencerFeeVaultAbi } from '../../../chain/generated/opAbi.ts'
import type { Context } from '../context.ts'
import { type Signer, sendCall } from './signer.ts'

/** Where what users pay for their transactions gathers: tips, the base fee, and the fee for data on L1. */
const vaultNames = ['SequencerFeeVault', 'BaseFeeVault', 'L1FeeVault'] as const
/** All three have the same functions. */
const abi = sequencerFeeVaultAbi

export type FeeVault = {
  vault: (typeof vaultNames)[number]
  address: Address
  balanceWei: bigint
  /** `withdraw` reverts below it. */
  minimumWei: bigint
  recipient: Address
  /** The chain on which the recipient gets it. */
  withdrawsTo: 'L1' | 'L2'
  /** All that was ever withdrawn. */
  withdrawnWei: bigint
}

/** Above the minimum. An empty vault whose minimum is 0 could be called too, for nothing. */
export const isDue = ({ balanceWei, minimumWei }: FeeVault): boolean =>
  balanceWei > 0n && balanceWei >= minimumWei

/** The three vaults at one block. */
export function readFeeVaults(l2: PublicClient, blockNumber: bigint): Promise<FeeVault[]> {
  return Promise.all(
    vaultNames.map(async (vault) => {
      const address = predeploys[vault]
      const of = { address, abi, blockNumber } as const
      const [balanceWei, minimumWei, recipient, network, withdrawnWei] = await Promise.all([
        l2.getBalance({ address, blockNumber }),
        l2.readContract({ ...of, functionName: 'MIN_WITHDRAWAL_AMOUNT' }),
        l2.readContract({ ...of, functionName: 'RECIPIENT' }),
        l2.readContract({ ...of, functionName: 'WITHDRAWAL_NETWORK' }),
        l2.readContract({ ...of, functionName: 'totalProcessed' }),
      ])
      const withdrawsTo = network === 0 ? 'L1' : 'L2'
      return { vault, address, balanceWei, minimumWei, recipient, withdrawsTo, withdrawnWei }
    }),
  )
}

export type FeeVaultsParameters = {
  l2: PublicClient
  finalizationPeriodSeconds: number
  /** Absent: nothing is sent. */
  signer?: Signer
}

/** Shows what lies in the vaults, and with a signer withdraws each that is above its minimum. */
export async function showFeeVaults(
  context: Pick<Context, 'output' | 'folder'>,
  parameters: FeeVaultsParameters,
): Promise<void> {
  const { output } = context
  const { l2, signer } = parameters
  const blockNumber = await l2.getBlockNumber({ cacheTime: 0 })
  const vaults = await readFeeVaults(l2, blockNumber)
  for (const vault of vaults) output.result({ ...vault, isDue: isDue(vault) }, describe(vault))
  const due = vaults.filter(isDue)
  if (due.length === 0) {
    output.progress(
      'No vault has anything to withdraw: fees of transactions gather in them. Nothing was sent.',
    )
    return
  }
  if (signer === undefined) {
    const sum = due.reduce((wei, { balanceWei }) => wei + balanceWei, 0n)
    output.progress(`${formatEther(sum)} ETH can be withdrawn. Nothing was sent. Add --send to do it.`)
    return
  }
  for (const vault of due) await withdraw(context, parameters, { vault, signer, missingAt: blockNumber })
}

type Withdrawing = { vault: FeeVault; signer: Signer; missingAt: bigint }

async function withdraw(
  context: Pick<Context, 'output' | 'folder'>,
  { l2, finalizationPeriodSeconds }: FeeVaultsParameters,
  { vault, signer, missingAt }: Withdrawing,
): Promise<void> {
  const { output } = context
  const { address, recipient, withdrawsTo, withdrawnWei } = vault
  const call: Call = { to: address, data: encodeFunctionData({ abi, functionName: 'withdraw' }), value: 0n }
  await checkFunds(l2, { account: signer.account.address, call })
  // What was withdrawn before tells this withdrawal from the next one of the same vault.
  const effect = `fee-vault:${vault.vault}:${withdrawnWei}`
  const receipt = await sendCall(context, { client: l2, side: 'l2', signer, call, effect, missingAt })
  if (receipt === undefined) {
    output.progress(`${vault.vault}: an earlier run has withdrawn it meanwhile.`)
    return
  }
  const [event] = parseEventLogs({ abi, eventName: 'Withdrawal', logs: receipt.logs })
  const amountWei = event?.args.value ?? 0n
  const [withdrawal] = withdrawalsOf(receipt)
  const sent = { vault: vault.vault, transaction: receipt.transactionHash, amountWei, recipient, withdrawsTo }
  output.result(
    withdrawal === undefined ? sent : { ...sent, withdrawal: withdrawal.hash },
    `${vault.vault}: ${formatEther(amountWei)} ETH ${next(recipient, withdrawal?.hash, finalizationPeriodSeconds)}`,
  )
}

function next(recipient: Address, withdrawal: Hash | undefined, seconds: number): string {
  if (withdrawal === undefined) return `are with ${recipient} on L2 now.`
  return `are on their way to ${recipient} on L1 as withdrawal ${withdrawal}. The sequencer proves it once an output covers it and finalises it ${seconds} s later; hashsand bridge complete ${withdrawal} does so without one.`
}

function describe({ vault, address, balanceWei, minimumWei, recipient, withdrawsTo }: FeeVault): string {
  return `${vault.padEnd(17)} ${address}  ${formatEther(balanceWei)} ETH, to ${recipient} on ${withdrawsTo} from ${formatEther(minimumWei)} ETH on`
}
