import {
  type Address,
  encodeFunctionData,
  type Hash,
  type Hex,
  type PublicClient,
  pad,
  toHex,
  zeroHash,
} from 'viem'
import type { Call } from '../../../bridge/actions.ts'
import { timelockControllerAbi as abi } from '../../../chain/generated/openzeppelinAbi.ts'

// Contracts of L1 belong to the timelock: its governor schedules a call, and once the delay is over anybody executes it.

export type OperationState = 'unknown' | 'waiting' | 'ready'

export type Operation = {
  id: Hash
  state: OperationState
  /** By L1's clock, in seconds; undefined until it is scheduled. */
  readyAt: bigint | undefined
  /** How often the same change was made before, and the operation that did it last. Another change may have followed. */
  doneBefore: number
  lastDone: Hash | undefined
  /** The governor's transaction. */
  schedule: Call
  /** Anybody's, once it is ready. */
  execute: Call
}

export type Change = { timelock: Address; target: Address; data: Hex }

/** What the timelock has at an operation's place once that was executed. */
const DONE = 1n

/**
 * The operation that makes this change next, and where it stands at one block. An executed operation can't be scheduled again, so one that repeats
 * it has the next salt: 0, 1, 2 and so on. Whoever asks with the same change finds the same operation, without any file.
 */
export async function readOperation(
  l1: PublicClient,
  { timelock, target, data }: Change,
  { number: blockNumber, timestamp }: { number: bigint; timestamp: bigint },
): Promise<Operation> {
  const at = { address: timelock, abi, blockNumber } as const
  const delay = await l1.readContract({ ...at, functionName: 'getMinDelay' })
  let lastDone: Hash | undefined
  for (let doneBefore = 0; ; doneBefore++) {
    const salt = pad(toHex(doneBefore), { size: 32 })
    const args = [target, 0n, data, zeroHash, salt] as const
    const id = await l1.readContract({ ...at, functionName: 'hashOperation', args })
    const readyAt = await l1.readContract({ ...at, functionName: 'getTimestamp', args: [id] })
    if (readyAt === DONE) {
      lastDone = id
      continue
    }
    const schedule = encodeFunctionData({ abi, functionName: 'schedule', args: [...args, delay] })
    const execute = encodeFunctionData({ abi, functionName: 'execute', args })
    return {
      id,
      state: stateAt(readyAt, timestamp),
      readyAt: readyAt === 0n ? undefined : readyAt,
      doneBefore,
      lastDone,
      schedule: { to: timelock, data: schedule, value: 0n },
      execute: { to: timelock, data: execute, value: 0n },
    }
  }
}

function stateAt(readyAt: bigint, timestamp: bigint): OperationState {
  if (readyAt === 0n) return 'unknown'
  return readyAt > timestamp ? 'waiting' : 'ready'
}

/** Whether an account may schedule. */
export async function isGovernor(l1: PublicClient, timelock: Address, account: Address): Promise<boolean> {
  const at = { address: timelock, abi } as const
  const role = await l1.readContract({ ...at, functionName: 'PROPOSER_ROLE' })
  return l1.readContract({ ...at, functionName: 'hasRole', args: [role, account] })
}
