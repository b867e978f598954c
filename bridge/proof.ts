import type { PublicClient } from 'viem'
import { predeploys } from '../chain/generated/addresses.ts'
import { l2OutputOracleAbi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import { type Call, proveCall } from './actions.ts'
import {
  checkOutputRoot,
  outputRootProof,
  proveArguments,
  type Withdrawal,
  withdrawalSlot,
} from './withdrawal.ts'

export type ProofQuery = {
  manifest: { l1: { contracts: Pick<Manifest['l1']['contracts'], 'L2OutputOracle' | 'OptimismPortal'> } }
  /** Covered: L1 holds an output at or above its block. */
  withdrawal: Withdrawal
}

/**
 * The transaction that proves a withdrawal, against the first output that covers it. Throws OutputRootMismatchError where that output is not
 * the root of L2 as `l2` knows it, and ZeroOutputRootError.
 */
export async function readProveCall(
  { l1, l2 }: { l1: PublicClient; l2: PublicClient },
  { manifest, withdrawal }: ProofQuery,
): Promise<Call> {
  const { L2OutputOracle: address, OptimismPortal } = manifest.l1.contracts
  const oracle = { address, abi: l2OutputOracleAbi } as const
  const index = await l1.readContract({
    ...oracle,
    functionName: 'getL2OutputIndexAfter',
    args: [withdrawal.origin.blockNumber],
  })
  const { l2BlockNumber, outputRoot } = await l1.readContract({
    ...oracle,
    functionName: 'getL2Output',
    args: [index],
  })
  const [block, passer] = await Promise.all([
    l2.getBlock({ blockNumber: l2BlockNumber }),
    l2.getProof({
      address: predeploys.L2ToL1MessagePasser,
      storageKeys: [withdrawalSlot(withdrawal.hash)],
      blockNumber: l2BlockNumber,
    }),
  ])
  const parts = { stateRoot: block.stateRoot, storageHash: passer.storageHash, blockHash: block.hash }
  checkOutputRoot(l2BlockNumber, outputRootProof(parts), outputRoot)
  const nodes = passer.storageProof[0]?.proof ?? []
  return proveCall(OptimismPortal, index, proveArguments(withdrawal, parts, nodes))
}
