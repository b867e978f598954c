import type { Address, Hash } from 'viem'
import { BaseError } from '../../chain/errors.ts'

/** A node said something that it would not say in a moment: it restarts, or reorganises. */
export class NodeAnswerError extends BaseError {
  override readonly retry = true

  constructor(
    readonly answer: string,
    cause: unknown,
  ) {
    super(`A node answered: ${answer} It is asked again.`, cause)
  }
}

/** Its roots would all look wrong, or all look right, whatever is proposed. */
export class WrongReplicaError extends BaseError {
  override readonly retry = false

  constructor(
    readonly url: string,
    readonly what: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `The op-node at ${url} is not of the manifest's network: ${what} is ${given}, expected ${expected}. Point HASHSAND_REPLICA_NODE_RPC to a replica of this network.`,
    )
  }
}

/** The replica's two programs are not one replica. */
export class SplitReplicaError extends BaseError {
  // It may be going over to another chain just now.
  override readonly retry = true

  constructor(
    readonly l2Block: bigint,
    readonly ofNode: Hash,
    readonly ofGeth: Hash | undefined,
  ) {
    super(
      `L2 block ${l2Block} is ${ofNode} for the replica's op-node and ${ofGeth ?? 'absent'} for its op-geth. If that lasts, point HASHSAND_REPLICA_L2_RPC to the op-geth that this op-node drives.`,
    )
  }
}

export class NotTheChallengerError extends BaseError {
  override readonly retry = false

  constructor(
    readonly given: Address,
    readonly challenger: Address,
  ) {
    super(
      `The key of the role challenger is ${given}, the oracle takes deletions from ${challenger} alone. Give the challenger's key, or leave HASHSAND_KEYS out to be paged instead.`,
    )
  }
}
