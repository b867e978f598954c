import { type Address, ContractFunctionExecutionError, type Hash, type PublicClient } from 'viem'
import { bitcoinRelay } from '../../../chain/generated/abi.ts'
import { preinstalls } from '../../../chain/generated/addresses.ts'
import type { Medians } from '../../../oracle/proofs/coinbaseProofs.ts'

/** The last block of a batch of headers, as far as a prover needs it. */
export type Checkpoint = { height: number; chainwork: bigint; blocks: number }

export type Relay = {
  readonly address: Address
  state(): Promise<RelayState>
  /** In the order asked for; undefined where no batch ended with that block. */
  checkpoints(hashes: readonly Hash[]): Promise<(Checkpoint | undefined)[]>
  /** Which groups of a batch are proven under these medians: a bit for each. */
  provenGroups(checkpoint: Hash, medians: Medians): Promise<number>
}

export type RelayState = {
  best: Checkpoint & { hash: Hash }
  /** The day that is closed next. */
  nextDay: number
  /** Of the last closed day that had blocks. */
  lastMedianFee: bigint
}

/** A BitcoinRelay, read. */
export function openRelay(client: PublicClient, address: Address): Relay {
  const contract = { address, abi: bitcoinRelay.abi } as const

  async function state(): Promise<RelayState> {
    const [hash, nextDay, lastMedianFee] = await Promise.all([
      client.readContract({ ...contract, functionName: 'best' }),
      client.readContract({ ...contract, functionName: 'nextDay' }),
      client.readContract({ ...contract, functionName: 'lastMedianFee' }),
    ])
    const { height, chainwork, blocks } = await client.readContract({
      ...contract,
      functionName: 'checkpointOf',
      args: [hash],
    })
    return { best: { hash, height, chainwork, blocks }, nextDay, lastMedianFee }
  }

  async function checkpoints(hashes: readonly Hash[]): Promise<(Checkpoint | undefined)[]> {
    const answers = await client.multicall({
      multicallAddress: preinstalls.MultiCall3,
      contracts: hashes.map((hash) => ({ ...contract, functionName: 'checkpointOf', args: [hash] }) as const),
    })
    return answers.map(({ result, error }) => {
      if (result !== undefined) return result
      // The only reason for which the relay refuses it.
      if (error instanceof ContractFunctionExecutionError) return undefined
      throw error
    })
  }

  return {
    address,
    state,
    checkpoints,
    provenGroups: async (checkpoint, { medianFee, previousMedianFee }) =>
      (
        await client.readContract({
          ...contract,
          functionName: 'accumulatorOf',
          args: [checkpoint, medianFee, previousMedianFee],
        })
      ).groups,
  }
}
