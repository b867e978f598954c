import { type Address, type PublicClient, size, slice } from 'viem'
import { predeploys } from '../chain/generated/addresses.ts'
import { gasPriceOracleAbi } from '../chain/generated/opAbi.ts'
import type { Call } from './actions.ts'
import { ContractSenderError, GasMissingError } from './errors.ts'
import { aliasOf } from './forced.ts'

// Who has coins on L2 and no ether cannot send anything there. Through L1 he can: the portal takes his call, L1 pays for its gas, and L2 executes it in
// his name. In his name only if he has a key: a contract that calls the portal is its alias on L2 and has none of what its address has there.

/** Wei on L2. */
export type Funds = {
  balance: bigint
  /** What the call moves, its gas at a price with room, and the fee for its data on L1. */
  needed: bigint
  /** 0 when it can be paid. */
  missing: bigint
}

/** Enough that a call can be tried out although its account has nothing. */
const borrowed = 2n ** 100n
/** Signature, addresses and numbers of a transaction around its call data. */
const envelopeBytes = 120

/** Whether an account can pay for a call on L2 by itself. Throws viem's error where L2 would not carry out the call even if it were paid. */
export async function readFunds(
  l2: PublicClient,
  { account, call }: { account: Address; call: Call },
): Promise<Funds> {
  const [balance, gas, { maxFeePerGas }, dataFee] = await Promise.all([
    l2.getBalance({ address: account }),
    l2.estimateGas({ account, ...call, stateOverride: [{ address: account, balance: borrowed }] }),
    l2.estimateFeesPerGas(),
    l2.readContract({
      address: predeploys.GasPriceOracle,
      abi: gasPriceOracleAbi,
      functionName: 'getL1FeeUpperBound',
      args: [BigInt(size(call.data) + envelopeBytes)],
    }),
  ])
  const needed = call.value + (gas * maxFeePerGas * 12n) / 10n + dataFee
  return { balance, needed, missing: needed > balance ? needed - balance : 0n }
}

/** Throws GasMissingError, which names the way through L1, where the account cannot pay. */
export async function checkFunds(
  l2: PublicClient,
  parameters: { account: Address; call: Call },
): Promise<Funds> {
  const funds = await readFunds(l2, parameters)
  if (funds.missing > 0n) throw new GasMissingError(parameters.account, funds)
  return funds
}

/** What the code of an account with a key may begin with: it has lent itself a contract's code and still signs for itself. */
const delegation = '0xef0100'

/** To be asked before a forced transaction: throws ContractSenderError where L2 would take it for that of somebody else. */
export async function checkForcedSender(l1: PublicClient, account: Address): Promise<void> {
  const code = await l1.getCode({ address: account })
  if (code === undefined || slice(code, 0, 3) === delegation) return
  throw new ContractSenderError(account, aliasOf(account))
}
