import {
  type Address,
  type Client,
  type Hash,
  type MulticallParameters,
  type PublicClient,
  toHex,
  zeroHash,
} from 'viem'
import { predeploys } from '../chain/generated/addresses.ts'
import { l2OutputOracleAbi } from '../chain/generated/opAbi.ts'
import type { Manifest } from '../chain/manifest.ts'
import { L2BlockAbsentError } from './errors.ts'
import { outputRoot, outputRootProof } from './withdrawal.ts'

// Output roots, looked at by somebody who has L2 himself.
//
// What a node's own root proves: nothing is taken from the sequencer, but the node is trusted. The account proof that comes with the
// storage root is not checked against the state root here, as none of the packages in use can walk a Patricia trie. op-node's
// `optimism_outputAtBlock` does check it: before anything depends on a root, ask it as well.

/** One entry of the oracle's list. Indices are used again after a deletion; the time tells the two apart. */
export type Output = {
  index: bigint
  root: Hash
  l2Block: bigint
  /** L1 time of its proposal. */
  timestamp: bigint
}

type OnOracle = { manifest: { l1: { contracts: Pick<Contracts, 'L2OutputOracle' | 'Multicall3'> } } }
type Contracts = Manifest['l1']['contracts']

/** An L1 block. By its hash, the answers are those of that block or none: never a mixture of two chains. */
export type At = Pick<MulticallParameters, 'blockHash' | 'blockNumber'>

/* READING L1 */

export type Oracle = {
  /** The index that the next output gets. */
  count: bigint
  /** The L2 block that it is for. */
  nextL2Block: bigint
  finalizationPeriodSeconds: bigint
  challenger: Address
}

export async function readOracle(l1: PublicClient, { manifest }: OnOracle, at: At = {}): Promise<Oracle> {
  const oracle = { address: manifest.l1.contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const [count, nextL2Block, finalizationPeriodSeconds, challenger] = await l1.multicall({
    ...pinned(at),
    allowFailure: false,
    multicallAddress: manifest.l1.contracts.Multicall3,
    contracts: [
      { ...oracle, functionName: 'nextOutputIndex' },
      { ...oracle, functionName: 'nextBlockNumber' },
      { ...oracle, functionName: 'FINALIZATION_PERIOD_SECONDS' },
      { ...oracle, functionName: 'CHALLENGER' },
    ],
  })
  return { count, nextL2Block, finalizationPeriodSeconds, challenger }
}

/** Outputs of one call to the node: about 6 million gas, which every node allows. */
const OUTPUTS_AT_ONCE = 500n

/** The outputs with indices from `from` up to but not including `to`. All of them must exist at that block. */
export async function readOutputs(
  l1: PublicClient,
  { manifest, from, to }: OnOracle & { from: bigint; to: bigint },
  at: At = {},
): Promise<Output[]> {
  const { L2OutputOracle: address, Multicall3: multicallAddress } = manifest.l1.contracts
  const outputs: Output[] = []
  for (let first = from; first < to; first += OUTPUTS_AT_ONCE) {
    const indices = range(first, least(first + OUTPUTS_AT_ONCE, to))
    const found = await l1.multicall({
      ...pinned(at),
      allowFailure: false,
      multicallAddress,
      batchSize: 0,
      contracts: indices.map(
        (index) => ({ address, abi: l2OutputOracleAbi, functionName: 'getL2Output', args: [index] }) as const,
      ),
    })
    for (const [position, { outputRoot: root, l2BlockNumber, timestamp }] of found.entries()) {
      outputs.push({ index: first + BigInt(position), root, l2Block: l2BlockNumber, timestamp })
    }
  }
  return outputs
}

/** The outputs proposed after `since`, oldest first. The oracle's list is in the order of time, so it is read from its end. */
export async function readOutputsSince(
  l1: PublicClient,
  { manifest, count, since }: OnOracle & { count: bigint; since: bigint },
  at: At = {},
): Promise<Output[]> {
  let outputs: Output[] = []
  for (let to = count; to > 0n; to -= OUTPUTS_AT_ONCE) {
    const from = to > OUTPUTS_AT_ONCE ? to - OUTPUTS_AT_ONCE : 0n
    const chunk = await readOutputs(l1, { manifest, from, to }, at)
    outputs = [...chunk.filter(({ timestamp }) => timestamp > since), ...outputs]
    if (chunk.some(({ timestamp }) => timestamp <= since) || from === 0n) break
  }
  return outputs
}

/* READING L2 */

export type OwnOutput = { root: Hash; blockHash: Hash; stateRoot: Hash; storageHash: Hash }

/**
 * The root of an L2 block as this node has it. Asked by the block's hash: header and storage are of one block, even while the
 * node goes over to another chain.
 */
export async function readOwnOutput(l2: PublicClient, l2Block: bigint): Promise<OwnOutput> {
  const block = await request<{ hash: Hash; stateRoot: Hash } | null>(l2, 'eth_getBlockByNumber', [
    toHex(l2Block),
    false,
  ])
  if (block === null) throw new L2BlockAbsentError(l2Block)
  const { hash: blockHash, stateRoot } = block
  const { storageHash } = await request<{ storageHash: Hash }>(l2, 'eth_getProof', [
    predeploys.L2ToL1MessagePasser,
    [],
    { blockHash },
  ])
  const root = outputRoot(outputRootProof({ stateRoot, storageHash, blockHash }))
  return { root, blockHash, stateRoot, storageHash }
}

/* VERDICTS */

/** `lost`: wrong, and too old to be deleted. `underivable` counts as wrong. */
export type Verdict = 'right' | 'wrong' | 'pending' | 'underivable' | 'lost'

export type Judgement = {
  output: Pick<Output, 'root' | 'timestamp'>
  /** The replica's root; undefined while the block is above its safe head. */
  ownRoot: Hash | undefined
  /** Of L1's newest block. */
  l1Time: bigint
  finalizationPeriodSeconds: bigint
}

/** What to think of an output. Time is L1's, never the local clock's. */
export function judgeOutput({ output, ownRoot, l1Time, finalizationPeriodSeconds }: Judgement): Verdict {
  // A zero root would make every proof valid, whatever the replica says.
  if (ownRoot === output.root && output.root !== zeroHash) return 'right'
  const ageSeconds = l1Time - output.timestamp
  if (ownRoot === undefined && ageSeconds * 2n < finalizationPeriodSeconds && output.root !== zeroHash) {
    return 'pending'
  }
  if (!isDeletable(output, { l1Time, finalizationPeriodSeconds })) return 'lost'
  return ownRoot === undefined && output.root !== zeroHash ? 'underivable' : 'wrong'
}

/** Whether the oracle would still delete it in a block of this time. */
export function isDeletable(
  { timestamp }: Pick<Output, 'timestamp'>,
  { l1Time, finalizationPeriodSeconds }: Pick<Judgement, 'l1Time' | 'finalizationPeriodSeconds'>,
): boolean {
  return l1Time - timestamp < finalizationPeriodSeconds
}

export const isSameOutput = (one: Output, other: Output): boolean =>
  one.index === other.index &&
  one.root === other.root &&
  one.l2Block === other.l2Block &&
  one.timestamp === other.timestamp

/** A hash is asked for with the demand that it is on the node's chain: another one gives an error. */
function pinned(at: At): At & { requireCanonical?: true } {
  return at.blockHash === undefined ? at : { blockHash: at.blockHash, requireCanonical: true }
}

/** A method whose parameters viem does not type. */
function request<Answer>(client: Client, method: string, params: readonly unknown[]): Promise<Answer> {
  // Safe: the caller names the answer of a method that it knows; viem sends any method as it is.
  const send = client.request as unknown as (call: { method: string; params: unknown }) => Promise<Answer>
  return send({ method, params })
}

function range(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Number(to - from) }, (_, offset) => from + BigInt(offset))
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other
}
