import type { Address, Hash, PublicClient } from 'viem'
import { l2OutputOracleAbi } from '../chain/generated/opAbi.ts'

export type OracleFacts = {
  /** How many outputs there are. */
  nextIndex: bigint
  /** The L2 block of the newest one. */
  latestBlock: bigint
  /** Asks for each output once. */
  outputAt(index: bigint): Promise<{ outputRoot: Hash; timestamp: bigint }>
}

export type OracleQuery = {
  contracts: { L2OutputOracle: Address }
  /** The L1 block to read at; the latest one when absent. */
  blockNumber?: bigint | undefined
}

/** What L2OutputOracle says at an L1 block, the latest one where none is given. */
export async function readOracle(
  l1: PublicClient,
  { contracts, blockNumber }: OracleQuery,
): Promise<OracleFacts> {
  const at = blockNumber === undefined ? {} : { blockNumber }
  const oracle = { address: contracts.L2OutputOracle, abi: l2OutputOracleAbi, ...at } as const
  const [nextIndex, latestBlock] = await Promise.all([
    l1.readContract({ ...oracle, functionName: 'nextOutputIndex' }),
    l1.readContract({ ...oracle, functionName: 'latestBlockNumber' }),
  ])
  const asked = new Map<bigint, ReturnType<OracleFacts['outputAt']>>()
  return {
    nextIndex,
    latestBlock,
    outputAt: (index) => {
      const known = asked.get(index)
      if (known !== undefined) return known
      const output = l1.readContract({ ...oracle, functionName: 'getL2Output', args: [index] })
      asked.set(index, output)
      output.catch(() => asked.delete(index))
      return output
    },
  }
}
