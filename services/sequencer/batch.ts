import {
  type Address,
  decodeFunctionData,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  multicall3Abi,
  size,
} from 'viem'
import type { Call } from '../../bridge/actions.ts'

// Many calls in one transaction, by Multicall3. Each may fail alone, so the status of the transaction says nothing about any of them.

export type EstimatedCall = {
  call: Call
  /** What the call takes as a transaction of its own, honestly estimated. */
  gas: bigint
  /** What of it is used up. The rest only has to be there: the contracts measure the gas that is left before they call a target. */
  used: bigint
}

export type BatchLimits = { gas: bigint; bytes: number }

/** Of a transaction: 16.8 M gas by EIP-7825, and 128 KB in the pools of nodes. */
export const batchLimits: BatchLimits = { gas: 15_000_000n, bytes: 120_000 }

/**
 * The gas limit with which all of these go in one transaction: whatever the others used, each still finds what it takes alone. A
 * tenth and a fixed part are added, as a call is passed 63 parts of 64. The whole transaction is never estimated, as a node would
 * price the failures of its calls.
 */
export function gasLimitOf(calls: readonly EstimatedCall[]): bigint {
  const [most = 0n] = calls.map(({ gas }) => gas).sort((a, b) => Number(b - a))
  const used = calls.length === 1 ? 0n : calls.reduce((sum, call) => sum + call.used, 0n)
  return ((used + most) * 110n) / 100n + 100_000n
}

/** Bytes that a call takes in the call data of a batch: its words and its padded data. */
function bytesOf({ call }: EstimatedCall): number {
  const words = 6
  return words * 32 + Math.ceil(size(call.data) / 32) * 32
}

/** Groups calls in their order, each group within the limits. A call that is over them by itself is a group of its own. */
export function grouped<Estimated extends EstimatedCall>(
  calls: readonly Estimated[],
  limits: BatchLimits = batchLimits,
): Estimated[][] {
  const groups: Estimated[][] = []
  let bytes = 0
  for (const call of calls) {
    const group = groups.at(-1)
    bytes += bytesOf(call)
    if (group !== undefined && bytes <= limits.bytes && gasLimitOf([...group, call]) <= limits.gas) {
      group.push(call)
      continue
    }
    groups.push([call])
    bytes = bytesOf(call)
  }
  return groups
}

/** One call that makes all of these. Multicall3 passes on no ether here: no call of this service carries any. */
export function batchCall(multicall: Address, calls: readonly EstimatedCall[]): Call {
  const data = encodeFunctionData({
    abi: multicall3Abi,
    functionName: 'aggregate3',
    args: [calls.map(({ call }) => ({ target: call.to, allowFailure: true, callData: call.data }))],
  })
  return { to: multicall, data, value: 0n }
}

/** The calls that a transaction to `to` makes: those in the batch, or itself. */
export function callsIn(
  { to, data }: Pick<Call, 'to' | 'data'>,
  multicall: Address | undefined,
): Pick<Call, 'to' | 'data'>[] {
  if (multicall === undefined || !isAddressEqual(to, multicall)) return [{ to, data }]
  const { functionName, args } = decodeFunctionData({ abi: multicall3Abi, data })
  if (functionName !== 'aggregate3') return []
  return args[0].map(({ target, callData }: { target: Address; callData: Hex }) => ({
    to: target,
    data: callData,
  }))
}
