import { encodeFunctionData, toHex, BaseError as ViemError } from 'viem'
import { isDeletable, isSameOutput, readOracle, readOutputs, readOwnOutput } from '../../bridge/outputs.ts'
import { opNode } from '../../chain/engine/opstack/rpc.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { mayRetry } from '../runtime/loop.ts'
import type { Judged } from './judge.ts'
import type { Network } from './network.ts'
import { isSettled, readReplica } from './replica.ts'

/** `gone`: L1 holds another list by now. `disagrees`: the replica contradicts itself, and nothing may be deleted on its word. */
export type Confirmation =
  | { kind: 'wrong' }
  | { kind: 'gone' }
  | { kind: 'unclear'; reason: string }
  | { kind: 'disagrees'; reason: string }

const unclear = (reason: string): Confirmation => ({ kind: 'unclear', reason })

/**
 * Asks everybody once more, right before a deletion is sent. It may only be sent when the replica stands on today's L1, its op-node and
 * op-geth say the same, and L1's newest block holds this very output and would take the deletion.
 */
export async function confirmWrong(network: Network, output: Judged): Promise<Confirmation> {
  const replica = await readReplica(network)
  if (!(await isSettled(network, replica))) return unclear('the replica is not on the L1 that we see')
  const isDerived = replica.safe.number >= output.l2Block
  if (isDerived !== (output.ownRoot !== undefined)) return unclear('the safe head of the replica has moved')
  const opinion = isDerived ? await compare(network, output) : undefined
  return opinion ?? askL1(network, output)
}

async function compare({ l2, node }: Network, { l2Block, root }: Judged): Promise<Confirmation | undefined> {
  const [{ root: own }, { outputRoot }] = await Promise.all([
    readOwnOutput(l2, l2Block),
    opNode(node, 'optimism_outputAtBlock', [toHex(l2Block)]),
  ])
  if (own !== outputRoot) {
    const reason = `For L2 block ${l2Block} the replica's op-node gives the root ${outputRoot}, its op-geth ${own}; L1 holds ${root}.`
    return { kind: 'disagrees', reason }
  }
  return own === root ? unclear(`the replica now has the root ${root} itself`) : undefined
}

async function askL1({ l1, manifest }: Network, output: Judged): Promise<Confirmation> {
  const { index } = output
  const { hash: blockHash, timestamp } = await l1.getBlock({ blockTag: 'latest' })
  const { count, challenger, finalizationPeriodSeconds } = await readOracle(l1, { manifest }, { blockHash })
  if (index >= count) return { kind: 'gone' }
  const [found] = await readOutputs(l1, { manifest, from: index, to: index + 1n }, { blockHash })
  if (found === undefined || !isSameOutput(found, output)) return { kind: 'gone' }
  if (!isDeletable(output, { l1Time: timestamp, finalizationPeriodSeconds })) {
    return unclear(`output ${index} has matured`)
  }
  try {
    await l1.call({
      account: challenger,
      to: manifest.l1.contracts.L2OutputOracle,
      data: deletionData(index),
      blockHash,
    })
  } catch (error) {
    if (!(error instanceof ViemError) || mayRetry(error)) throw error
    return unclear(`L1 refuses the deletion of output ${index}: ${error.shortMessage}`)
  }
  return { kind: 'wrong' }
}

export function deletionData(index: bigint): `0x${string}` {
  return encodeFunctionData({ abi: l2OutputOracleAbi, functionName: 'deleteL2Outputs', args: [index] })
}
