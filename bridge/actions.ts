import {
  type Account,
  type Address,
  type Chain,
  encodeFunctionData,
  type Hash,
  type Hex,
  type PublicClient,
  type Transport,
  type WalletClient,
} from 'viem'
import { estimateGas, sendTransaction } from 'viem/actions'
import { opConstants, predeploys } from '../chain/generated/addresses.ts'
import {
  l1StandardBridgeAbi,
  l2CrossDomainMessengerAbi,
  l2StandardBridgeAbi,
  optimismPortalAbi,
} from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import type { Relay } from './message.ts'
import { checkRecipient, pairByL1, pairByL2 } from './registry.ts'
import { type ProveArguments, portalTransaction, type Withdrawal } from './withdrawal.ts'

/** A transaction that is still to be signed. Every action comes in this form too, for a durable sender. */
export type Call = { to: Address; data: Hex; value: bigint }

type Wallet = WalletClient<Transport, Chain, Account>

const headroomPercent = 150n

/** Gas that the message gets on the other side at least: enough for a token's first transfer to an account. */
export const minGasLimit = 200_000

export type TokenTransfer = {
  manifest: Pick<Manifest, 'tokens'> & { l1: Pick<Manifest['l1'], 'contracts'> }
  /** Address of the token on the side where the transfer starts. */
  token: Address
  /** Base units of the token. */
  amount: bigint
  to: Address
}
export type EtherTransfer = {
  manifest: { l1: Pick<Manifest['l1'], 'contracts'> }
  /** Wei. */
  amount: bigint
  to: Address
}

/**
 * Sends with half as much gas again as a node estimates. What a deposit takes follows from the blocks since the last one, which are more in its own block
 * than they were for the estimate: without gas to spare it reverts where a block comes between.
 */
export async function sendWithHeadroom(wallet: Wallet, call: Call): Promise<Hash> {
  const { account, chain } = wallet
  const gas = ((await estimateGas(wallet, { account, ...call })) * headroomPercent) / 100n
  return sendTransaction(wallet, { account, chain, ...call, gas })
}

/* L1 to L2 */

/**
 * The bridge has to be allowed to take `amount` of the token first. Throws UnknownTokenError for a token that the manifest has not, and
 * LostRecipientError for an address from which nobody could move it.
 */
export function depositErc20Call({ manifest, token, amount, to }: TokenTransfer): Call {
  const pair = pairByL1(manifest.tokens, token)
  checkRecipient(to, pair.l2, predeploys.L2StandardBridge)
  const data = encodeFunctionData({
    abi: l1StandardBridgeAbi,
    functionName: 'bridgeERC20To',
    args: [pair.l1, pair.l2, to, amount, minGasLimit, '0x'],
  })
  return { to: manifest.l1.contracts.L1StandardBridge, data, value: 0n }
}

export function depositEtherCall({ manifest, amount, to }: EtherTransfer): Call {
  checkRecipient(to, predeploys.L2StandardBridge)
  const data = encodeFunctionData({
    abi: l1StandardBridgeAbi,
    functionName: 'bridgeETHTo',
    args: [to, minGasLimit, '0x'],
  })
  return { to: manifest.l1.contracts.L1StandardBridge, data, value: amount }
}

/** Sends an ERC-20 from L1 to L2. */
export function depositErc20(wallet: Wallet, transfer: TokenTransfer): Promise<Hash> {
  return sendWithHeadroom(wallet, depositErc20Call(transfer))
}

/** Sends ether from L1 to L2. */
export function depositEther(wallet: Wallet, transfer: EtherTransfer): Promise<Hash> {
  return sendWithHeadroom(wallet, depositEtherCall(transfer))
}

/* L2 TO L1 */

/** The L2 token burns without an allowance: the bridge is its minter. Throws as `depositErc20Call` does. */
export function withdrawErc20Call({ manifest, token, amount, to }: TokenTransfer): Call {
  const pair = pairByL2(manifest.tokens, token)
  checkRecipient(to, pair.l1, manifest.l1.contracts.L1StandardBridge)
  const data = encodeFunctionData({
    abi: l2StandardBridgeAbi,
    functionName: 'bridgeERC20To',
    args: [pair.l2, pair.l1, to, amount, minGasLimit, '0x'],
  })
  return { to: predeploys.L2StandardBridge, data, value: 0n }
}

export function withdrawEtherCall({ amount, to }: Pick<EtherTransfer, 'amount' | 'to'>): Call {
  checkRecipient(to)
  const data = encodeFunctionData({
    abi: l2StandardBridgeAbi,
    functionName: 'bridgeETHTo',
    args: [to, minGasLimit, '0x'],
  })
  return { to: predeploys.L2StandardBridge, data, value: amount }
}

/** Burns an ERC-20 on L2; it can be had on L1 once proven and finalised. */
export function initiateWithdrawalErc20(wallet: Wallet, transfer: TokenTransfer): Promise<Hash> {
  return sendWithHeadroom(wallet, withdrawErc20Call(transfer))
}

/** Sends ether from L2; it can be had on L1 once proven and finalised. */
export function initiateWithdrawalEther(
  wallet: Wallet,
  transfer: Pick<EtherTransfer, 'amount' | 'to'>,
): Promise<Hash> {
  return sendWithHeadroom(wallet, withdrawEtherCall(transfer))
}

export function proveCall(
  portal: Address,
  outputIndex: bigint,
  { transaction, outputRootProof, proof }: ProveArguments,
): Call {
  const data = encodeFunctionData({
    abi: optimismPortalAbi,
    functionName: 'proveWithdrawalTransaction',
    args: [transaction, outputIndex, outputRootProof, [...proof]],
  })
  return { to: portal, data, value: 0n }
}

export function finaliseCall(portal: Address, withdrawal: Withdrawal): Call {
  const data = encodeFunctionData({
    abi: optimismPortalAbi,
    functionName: 'finalizeWithdrawalTransaction',
    args: [portalTransaction(withdrawal)],
  })
  return { to: portal, data, value: 0n }
}

/** Delivers a message that failed once more. The messenger of the side where it arrives has its ether already. */
export function relayCall(messenger: Address, relay: Relay): Call {
  const { nonce, sender, target, value, minGasLimit, message } = relay
  const data = encodeFunctionData({
    abi: l2CrossDomainMessengerAbi,
    functionName: 'relayMessage',
    args: [nonce, sender, target, value, minGasLimit, message],
  })
  return { to: messenger, data, value: 0n }
}

/**
 * Gas that finalising takes when the message is delivered. Sent from this address the contracts revert where they would otherwise
 * swallow the failure, so an estimate is honest, and one that reverts says that the message cannot be delivered now. A tenth and a fixed part
 * are added, because the messenger measures the gas that is left, not the gas used.
 */
export async function finaliseGas(client: PublicClient, call: Call): Promise<bigint> {
  const estimate = await client.estimateGas({ account: opConstants.EstimationAddress, ...call })
  return (estimate * 110n) / 100n + 100_000n
}
