import { type Address, formatEther, type Hash, toHex } from 'viem'
import { type OwnOutput, readOwnOutput } from '../../../bridge/outputs.ts'
import { allowedFrom, type ProposalTerms, readProposalTerms } from '../../../bridge/proposing.ts'
import { opNode } from '../../../chain/engine/opstack/rpc.ts'
import type { BaseError } from '../../../chain/errors.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import {
  BalanceTooSmallError,
  NotSafeOnReplicaError,
  ProposalTooEarlyError,
  ReplicaDisagreesError,
  ReplicaPositionError,
} from './errors.ts'
import type { Source } from './replica.ts'

/** What would be proposed now, and what still forbids it. */
export type ProposalPlan = {
  terms: ProposalTerms
  l1Time: bigint
  /** Wei; 0 for the operator. */
  stake: bigint
  /** Undefined while the replica does not have the block. */
  root: Hash | undefined
  /** Should L1 give it up, the oracle refuses the root. */
  l1Block: { hash: Hash; number: bigint } | undefined
  obstacle: BaseError | undefined
}

/** Blocks below its head that a transaction on L1 can name by their hash, with room for it to be mined. */
const NAMEABLE = 200n

export async function planProposal(
  source: Source,
  manifest: Manifest,
  account: Address,
): Promise<ProposalPlan> {
  const { l1, node } = source
  const status = await opNode(node, 'optimism_syncStatus', [])
  // After the replica, so that L1 is not older than what the replica has seen.
  const head = await l1.getBlock()
  const terms = await readProposalTerms(l1, { manifest, blockHash: head.hash })
  const stake = account === terms.operator ? 0n : terms.bond
  const plan = { terms, stake, l1Time: head.timestamp }
  const poor = await poverty(l1, account, stake)
  const safe = BigInt(status.safe_l2.number)
  if (safe < terms.l2Block) {
    const obstacle = poor ?? new NotSafeOnReplicaError(terms.l2Block, safe)
    return { ...plan, root: undefined, l1Block: undefined, obstacle }
  }
  const { root } = await ownOutput(source, terms.l2Block)
  const l1Block = { hash: status.current_l1.hash, number: BigInt(status.current_l1.number) }
  const position = await positionProblem(source, l1Block, head.number)
  return { ...plan, root, l1Block, obstacle: poor ?? earlyProblem(plan, account) ?? position }
}

async function poverty(l1: Source['l1'], account: Address, stake: bigint): Promise<BaseError | undefined> {
  const balance = await l1.getBalance({ address: account })
  if (balance > stake) return undefined
  return new BalanceTooSmallError(account, formatEther(balance), `${formatEther(stake)} and gas,`)
}

/** The root as op-geth's state gives it, if op-node, which checks the proof behind it, says the same. */
async function ownOutput({ l2, node }: Source, l2Block: bigint): Promise<OwnOutput> {
  const [own, { outputRoot }] = await Promise.all([
    readOwnOutput(l2, l2Block),
    opNode(node, 'optimism_outputAtBlock', [toHex(l2Block)]),
  ])
  if (own.root !== outputRoot) throw new ReplicaDisagreesError(l2Block, outputRoot, own.root)
  return own
}

/** Why the L1 block that the root depends on can't be named now, if it can't. */
async function positionProblem(
  { l1 }: Source,
  { hash, number }: { hash: Hash; number: bigint },
  head: bigint,
): Promise<BaseError | undefined> {
  const problem = (why: string) => new ReplicaPositionError(number, head, why)
  if (number >= head) return problem('only a block below its newest one can be named')
  if (head - number > NAMEABLE) return problem('that is too far behind to be named')
  const { hash: found } = await l1.getBlock({ blockNumber: number })
  return found === hash ? undefined : problem('the replica still stands on a block that L1 gave up')
}

function earlyProblem(
  { terms, l1Time }: Pick<ProposalPlan, 'terms' | 'l1Time'>,
  account: Address,
): BaseError | undefined {
  const from = allowedFrom(terms, account)
  if (l1Time >= from) return undefined
  const { l2Block, silentFrom, oldEnoughFrom, operator, operatorHeardAt } = terms
  if (account === operator || (from > oldEnoughFrom && from > silentFrom)) {
    return new ProposalTooEarlyError(`L2 block ${l2Block} is not due yet`, from - l1Time)
  }
  const why =
    silentFrom >= oldEnoughFrom
      ? `The operator is not silent: its last output came ${l1Time - operatorHeardAt} s ago, others are let in ${silentFrom - operatorHeardAt} s after it`
      : `L2 block ${l2Block} is not old enough: others may propose it once its sequencing window has passed`
  return new ProposalTooEarlyError(why, from - l1Time)
}
