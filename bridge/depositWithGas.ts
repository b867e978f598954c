import {
  type Address,
  domainSeparator,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  type PublicClient,
  parseSignature,
  type TypedDataDomain,
} from 'viem'
import { depositWithGas, facade } from '../chain/generated/abi.ts'
import { predeploys } from '../chain/generated/addresses.ts'
import type { Manifest } from '../chain/manifest.ts'
import type { Call } from './actions.ts'
import { NoDepositWithGasError } from './errors.ts'
import { checkRecipient, pairByL1 } from './registry.ts'

// A token and ether to pay gas with on L2, in one transaction of L1: who brings only WBTC would be stuck.
//
// Both go to the recipient who is named. On L2 the bridge's events name the contract on L1 as the sender, and nothing ever comes back to it: what
// cannot be delivered waits in L2's messenger, where anybody may replay it.

type OnNetwork = { manifest: Pick<Manifest, 'tokens'> & { l1: Pick<Manifest['l1'], 'depositWithGas'> } }

export type DepositWithGas = OnNetwork & {
  /** On L1. */
  token: Address
  /** Base units of the token. */
  amount: bigint
  /** Wei that the recipient gets on L2. */
  ether: bigint
  /** On L2. An account: a contract's address on L1 need not be its own there. */
  to: Address
  /** In place of an allowance, from `signedPermit`. */
  permit?: Permit
}

/** A signature that lets the contract take coins: EIP-2612. */
export type Permit = { value: bigint; deadline: bigint; v: number; r: Hex; s: Hex }

/** Who has to be allowed to take the token. Throws NoDepositWithGasError where the network has no such contract. */
export function depositWithGasSpender({
  manifest,
}: {
  manifest: { l1: Pick<Manifest['l1'], 'depositWithGas'> }
}): Address {
  const { depositWithGas: address } = manifest.l1
  if (address === undefined) throw new NoDepositWithGasError()
  return address
}

/**
 * Both or neither. Throws UnknownTokenError, LostRecipientError, NoDepositWithGasError. The contract itself refuses an amount of 0 of either, tokens that
 * keep a fee, and all coins but the caller's.
 */
export function depositWithGasCall({ manifest, token, amount, ether, to, permit }: DepositWithGas): Call {
  const pair = pairByL1(manifest.tokens, token)
  checkRecipient(to, pair.l2, predeploys.L2StandardBridge)
  const { abi } = depositWithGas
  const data =
    permit === undefined
      ? encodeFunctionData({ abi, functionName: 'deposit', args: [pair.l1, to, amount] })
      : encodeFunctionData({ abi, functionName: 'depositWithPermit', args: [pair.l1, to, amount, permit] })
  return { to: depositWithGasSpender({ manifest }), data, value: ether }
}

/* PERMITS */

/** What the owner has to sign. */
export type PermitRequest = {
  domain: TypedDataDomain
  types: typeof permitTypes
  primaryType: 'Permit'
  message: { owner: Address; spender: Address; value: bigint; nonce: bigint; deadline: bigint }
}

const permitTypes = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
} as const

export type PermitQuery = OnNetwork & {
  chainId: number
  token: Address
  owner: Address
  amount: bigint
  /** L1 time until which the signature holds. */
  deadline: bigint
}

/** What to sign in place of an allowance, or undefined for a token that has no permits, as WBTC: then an allowance is needed. */
export async function readPermitRequest(
  l1: PublicClient,
  { manifest, chainId, token, owner, amount, deadline }: PermitQuery,
): Promise<PermitRequest | undefined> {
  const spender = depositWithGasSpender({ manifest })
  // A facade is a token with permits too.
  const contract = { address: token, abi: facade.abi } as const
  const answers = await Promise.all([
    l1.readContract({ address: token, abi: erc20Abi, functionName: 'name' }),
    l1.readContract({ ...contract, functionName: 'nonces', args: [owner] }),
    l1.readContract({ ...contract, functionName: 'DOMAIN_SEPARATOR' }),
  ]).catch(() => undefined)
  if (answers === undefined) return undefined
  const [name, nonce, separator] = answers
  for (const version of ['1', '2']) {
    const domain = { name, version, chainId, verifyingContract: token }
    // Tokens name their version nowhere: the right one is that with their own hash.
    if (domainSeparator({ domain }) !== separator) continue
    return {
      domain,
      types: permitTypes,
      primaryType: 'Permit',
      message: { owner, spender, value: amount, nonce, deadline },
    }
  }
  return undefined
}

/** The owner's signature of a request, as the contract takes it. */
export function signedPermit({ message: { value, deadline } }: PermitRequest, signature: Hex): Permit {
  const { r, s, yParity } = parseSignature(signature)
  return { value, deadline, v: yParity + 27, r, s }
}
