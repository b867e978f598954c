import { BaseError } from '../../../chain/errors.ts'

export class NoReplicaUrlsError extends BaseError {
  override readonly retry = false

  constructor(readonly folder: string) {
    super(
      `No replica is known in ${folder}. Give --replica-l2 and --replica-node, the op-geth and op-node of a replica that you run.`,
    )
  }
}

export class NotSafeOnReplicaError extends BaseError {
  override readonly retry = true

  constructor(
    readonly l2Block: bigint,
    readonly safe: bigint,
  ) {
    super(
      `The oracle takes L2 block ${l2Block} next, and the replica has derived ${safe} blocks from L1. Wait until it has that one, or let --wait do it.`,
    )
  }
}

/** The replica's two programs give different roots: a bond on either would be a bet. */
export class ReplicaDisagreesError extends BaseError {
  override readonly retry = false

  constructor(
    readonly l2Block: bigint,
    readonly ofNode: string,
    readonly ofGeth: string,
  ) {
    super(
      `For L2 block ${l2Block} the replica's op-node gives the root ${ofNode}, its op-geth ${ofGeth}. Nothing was proposed: find out whether both URLs are of one replica.`,
    )
  }
}

/** L1's newest block can't be named by a transaction, or the replica does not stand on L1 as it is. */
export class ReplicaPositionError extends BaseError {
  override readonly retry = true

  constructor(
    readonly replicaL1Block: bigint,
    readonly head: bigint,
    readonly why: string,
  ) {
    super(
      `The replica has derived up to L1 block ${replicaL1Block}, L1 is at ${head}: ${why}. Try again in a moment, or let --wait do it.`,
    )
  }
}

export class ProposalTooEarlyError extends BaseError {
  override readonly retry = true

  constructor(
    readonly why: string,
    readonly seconds: bigint,
  ) {
    super(`${why}. This proposal is allowed in ${seconds} s; --wait waits and sends it then.`)
  }
}

export class BalanceTooSmallError extends BaseError {
  override readonly retry = false

  constructor(
    readonly account: string,
    readonly held: string,
    readonly needed: string,
  ) {
    super(`${account} holds ${held} ETH on L1, this takes ${needed} ETH. Send it ether, or choose --as.`)
  }
}

export class NoSuchBondError extends BaseError {
  override readonly retry = false

  constructor(readonly id: string) {
    super(`There is no bond ${id} that waits to be settled. hashsand outputs bonds --all lists them.`)
  }
}

export class BondOpenError extends BaseError {
  override readonly retry = true

  constructor(
    readonly id: bigint,
    readonly l2Block: bigint,
    readonly deadline: string,
  ) {
    super(
      `Bond ${id} is open: an output for L2 block ${l2Block} that matures decides it, and ${deadline} returns it if none has by then.`,
    )
  }
}

export class NothingToClaimError extends BaseError {
  override readonly retry = false

  constructor(readonly account: string) {
    super(`Nothing is booked to ${account}. Settle a bond first: hashsand outputs bonds shows which can be.`)
  }
}

/** L1 would refuse the transaction now: mostly because somebody else was faster. */
export class RefusedByL1Error extends BaseError {
  override readonly retry = true

  constructor(reason: string, cause: unknown) {
    super(
      `L1 would refuse this now, so it was not sent: ${reason} Look at it again with hashsand outputs list.`,
      cause,
    )
  }
}
