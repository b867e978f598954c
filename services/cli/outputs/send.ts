import {
  type Address,
  decodeErrorResult,
  formatEther,
  type Hash,
  isHex,
  type PublicClient,
  BaseError as ViemError,
} from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import type { Call } from '../../../bridge/actions.ts'
import { outputProposer } from '../../../chain/generated/abi.ts'
import { type Role, readKeys, roles } from '../../runtime/keys.ts'
import { mayRetry } from '../../runtime/loop.ts'
import type { Context } from '../context.ts'
import { TransferRevertedError, UnknownNameError } from '../errors.ts'
import { openWallet } from '../wallet.ts'
import { BalanceTooSmallError, RefusedByL1Error } from './errors.ts'

export type Signer = { role: Role; account: PrivateKeyAccount }

/** The key of a role, from HASHSAND_KEYS or the state folder. */
export async function signerOf({ folder }: Context, as: string): Promise<Signer> {
  const role = roles.find((name) => name === as)
  if (role === undefined) throw new UnknownNameError('role', as, roles)
  const { HASHSAND_KEYS: path = folder.keys, HASHSAND_KEYS_PASSWORD_FILE: passwordFile } = process.env
  return { role, account: (await readKeys(path, [role], { passwordFile }))[role] }
}

/** What a call costs at most, its value and its gas. Refuses an account that has less. */
export async function costOf(l1: PublicClient, account: Address, call: Call): Promise<bigint> {
  const [balance, { maxFeePerGas }] = await Promise.all([
    l1.getBalance({ address: account }),
    l1.estimateFeesPerGas(),
  ])
  const refuse = (needed: bigint) => {
    if (balance < needed) throw new BalanceTooSmallError(account, formatEther(balance), formatEther(needed))
  }
  // Before gas is asked for: a node that can't move the value calls that a revert.
  refuse(call.value)
  const cost = call.value + (await gasOf(l1, account, call)) * maxFeePerGas
  refuse(cost)
  return cost
}

async function gasOf(l1: PublicClient, account: Address, call: Call): Promise<bigint> {
  try {
    return await l1.estimateGas({ account, ...call })
  } catch (error) {
    if (!(error instanceof ViemError) || mayRetry(error)) throw error
    throw new RefusedByL1Error(reasonOf(error), error)
  }
}

/** The name of the contract's error, or what the node says. */
function reasonOf(error: ViemError): string {
  const raw = error.walk((cause) => cause instanceof ViemError && 'data' in cause)
  const data =
    raw !== null && 'data' in raw && typeof raw.data === 'string' && isHex(raw.data) ? raw.data : '0x'
  try {
    const { errorName, args }: { errorName: string; args?: readonly unknown[] | undefined } =
      decodeErrorResult({ abi: outputProposer.abi, data })
    // The oracle's own errors are sentences.
    return `${errorName === 'Error' ? String(args?.[0]) : errorName}.`
  } catch {
    return error.shortMessage
  }
}

/** Sends one call on L1 and waits for it. */
export async function sendOnL1(
  { folder }: Context,
  l1: PublicClient,
  { signer, call, key }: { signer: Signer; call: Call; key: string },
): Promise<Hash> {
  const wallet = { folder, name: signer.role, side: 'l1', client: l1, account: signer.account } as const
  const outbox = await openWallet(wallet)
  try {
    const { transactionHash, status } = await outbox.send({ key, ...call })
    if (status !== 'success') throw new TransferRevertedError(transactionHash)
    return transactionHash
  } finally {
    await outbox.close()
  }
}
