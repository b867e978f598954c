import {
  type Abi,
  type Address,
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  type EstimateContractGasParameters,
  type Hash,
  type PublicClient,
} from 'viem'
import { ledger as ledgerContract, rewardIndex as rewardIndexContract } from '../../chain/generated/abi.ts'
import { CallRefusedError } from './errors.ts'

/** Where this service reads and writes. */
export type Contracts = { rewardIndex: Address; ledger: Address }

export type NetworkView = {
  /** The clock's epoch now: days before it are over. */
  epoch: number
  firstDay: number
  /** Undefined before the first one. */
  lastAttestedDay: number | undefined
  lastFinalDay: number | undefined
  configDigest: Hash
  signers: readonly Address[]
  quorum: number
}

/** What the RewardIndex says of a network now. */
export async function readNetwork(
  client: PublicClient,
  { address, network }: { address: Address; network: number },
): Promise<NetworkView> {
  const contract = { address, abi: rewardIndexContract.abi } as const
  const args = [network] as const
  const [epoch, config, attested, final, configDigest, quorum] = await Promise.all([
    client.readContract({ ...contract, functionName: 'currentEpoch' }),
    client.readContract({ ...contract, functionName: 'networkOf', args }),
    client.readContract({ ...contract, functionName: 'newestDay', args }),
    client.readContract({ ...contract, functionName: 'lastContiguousDay', args }),
    client.readContract({ ...contract, functionName: 'configDigest', args }),
    client.readContract({ ...contract, functionName: 'quorumOf', args }),
  ])
  return {
    epoch,
    firstDay: config.firstDay,
    lastAttestedDay: attested === 0 ? undefined : attested,
    lastFinalDay: final === 0 ? undefined : final,
    configDigest,
    signers: config.signers,
    quorum: Number(quorum),
  }
}

/** The day that the ledger takes next for an index. */
export function readNextPoke(
  client: PublicClient,
  { address, index }: { address: Address; index: number },
): Promise<number> {
  return client.readContract({ address, abi: ledgerContract.abi, functionName: 'pokedUntil', args: [index] })
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
    if (!(revert instanceof ContractFunctionRevertedError)) throw error
    throw new CallRefusedError(call.functionName, revert.data?.errorName ?? 'an unknown error', error)
  }
}
