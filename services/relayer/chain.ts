import {
  type Abi,
  type Address,
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  type EstimateContractGasParameters,
  type Hash,
  type PublicClient,
  BaseError as ViemError,
  zeroAddress,
} from 'viem'
import { ledger as ledgerContract, rewardIndex as rewardIndexContract } from '../../chain/generated/abi.ts'
import { CallRefusedError, NodeAnswerError, OtherChainNowError } from './errors.ts'
import { maxDays } from './peers/messages.ts'
import type { Clock } from './turns.ts'

/** Where this service reads and writes. */
export type Contracts = { rewardIndex: Address; ledger: Address }

export type NetworkView = {
  /** Of the latest block, seconds. */
  time: number
  clock: Clock
  /** The clock's epoch now: days before it are over. */
  epoch: number
  firstDay: number
  /** Undefined before the first one. */
  lastAttestedDay: number | undefined
  lastFinalDay: number | undefined
  /** Of missing days whose report was voided: a new one counts only in a later round than this. */
  voidedRounds: ReadonlyMap<number, number>
  configDigest: Hash
  signers: readonly Address[]
  quorum: number
}

export type ReadParameters = { chainId: number; address: Address; network: number }

/**
 * What the RewardIndex says of a network now. The chain is asked who it is each time: behind one URL another node may answer, or
 * the same one with another mind.
 */
export async function readNetwork(
  client: PublicClient,
  { chainId, address, network }: ReadParameters,
): Promise<NetworkView> {
  const contract = { address, abi: rewardIndexContract.abi } as const
  const args = [network] as const
  const id = await answered(client.getChainId())
  if (id !== chainId) throw new OtherChainNowError(id, chainId)
  const [block, clock, epoch, config, attested, final, configDigest, quorum] = await answered(
    Promise.all([
      client.getBlock(),
      client.readContract({ ...contract, functionName: 'clock' }),
      client.readContract({ ...contract, functionName: 'currentEpoch' }),
      client.readContract({ ...contract, functionName: 'networkOf', args }),
      client.readContract({ ...contract, functionName: 'newestDay', args }),
      client.readContract({ ...contract, functionName: 'lastContiguousDay', args }),
      client.readContract({ ...contract, functionName: 'configDigest', args }),
      client.readContract({ ...contract, functionName: 'quorumOf', args }),
    ]),
  )
  const days = {
    firstDay: config.firstDay,
    lastAttestedDay: attested === 0 ? undefined : attested,
    lastFinalDay: final === 0 ? undefined : final,
  }
  const first = firstMissingDay(days)
  // Only a challenger voids a day.
  const last = config.challenger === zeroAddress ? 0 : Math.min(epoch - 1, first + maxDays - 1)
  return {
    time: Number(block.timestamp),
    clock,
    epoch,
    ...days,
    voidedRounds: await readVoidedRounds(client, { address, network, first, last }),
    configDigest,
    signers: config.signers,
    quorum: Number(quorum),
  }
}

type DayRange = { address: Address; network: number; first: number; last: number }

async function readVoidedRounds(
  client: PublicClient,
  { address, network, first, last }: DayRange,
): Promise<ReadonlyMap<number, number>> {
  const days = Array.from({ length: Math.max(last - first + 1, 0) }, (_, offset) => first + offset)
  const contract = { address, abi: rewardIndexContract.abi, functionName: 'dayOf' } as const
  const read = days.map(async (day) => {
    const { voidedRound } = await client.readContract({ ...contract, args: [network, day] })
    return [day, voidedRound] as const
  })
  return new Map((await answered(Promise.all(read))).filter(([, round]) => round > 0))
}

/** The first round in which a report of a day counts. */
export function firstRound({ voidedRounds }: Pick<NetworkView, 'voidedRounds'>, day: number): number {
  return (voidedRounds.get(day) ?? 0) + 1
}

/** The first day that is neither attested nor settled. */
export function firstMissingDay({
  firstDay,
  lastAttestedDay,
  lastFinalDay,
}: Pick<NetworkView, 'firstDay' | 'lastAttestedDay' | 'lastFinalDay'>): number {
  return Math.max(lastAttestedDay ?? 0, lastFinalDay ?? 0, firstDay - 1) + 1
}

/**
 * Whatever a node answers instead of an answer may be otherwise the next time, and is no reason to end. Numbers that are none make
 * viem fail with JavaScript's own errors.
 */
export async function answered<Value>(asking: Promise<Value>): Promise<Value> {
  return asking.catch((error: unknown) => {
    const problem = error instanceof ViemError ? error.shortMessage : `${error}.`
    throw new NodeAnswerError(problem, error)
  })
}

/** The day that the ledger takes next for an index. */
export function readNextPoke(
  client: PublicClient,
  { address, index }: { address: Address; index: number },
): Promise<number> {
  return answered(
    client.readContract({ address, abi: ledgerContract.abi, functionName: 'pokedUntil', args: [index] }),
  )
}

/** Half again as much gas as the call takes now: later days of one batch meet slightly different storage. */
export async function gasWithMargin(
  client: PublicClient,
  call: EstimateContractGasParameters<Abi>,
): Promise<bigint> {
  try {
    return ((await client.estimateContractGas(call)) * 3n) / 2n
  } catch (error) {
    if (!(error instanceof ContractFunctionExecutionError)) throw error
    const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
    if (!(revert instanceof ContractFunctionRevertedError))
      throw new NodeAnswerError(error.shortMessage, error)
    throw new CallRefusedError(call.functionName, revert.data?.errorName ?? 'an unknown error', error)
  }
}
