import type { Hash } from 'viem'
import { BaseError } from '../../chain/errors.ts'

/** The stored messages belong to other chains. */
export class OtherNetworkError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly stored: string,
    readonly given: string,
  ) {
    super(
      `The store in ${folder} belongs to the network [${stored}], not to [${given}]. Use the folder of this network, or an empty one: it is built anew from the chains.`,
    )
  }
}

/** L1's durable head is not on the chain that the L1 node shows: it is restarting, or a reorganisation is under way. */
export class L1UnsettledError extends BaseError {
  override readonly retry = true

  constructor(
    readonly blockNumber: bigint,
    readonly reason: string,
  ) {
    super(`L1 block ${blockNumber} can't be used yet: ${reason}. It is tried again at once.`)
  }
}

/** L1 took back more than the operator allows the service to follow by itself. */
export class ReorganisationTooDeepError extends BaseError {
  override readonly retry = false

  constructor(
    readonly depth: bigint,
    readonly policy: bigint,
  ) {
    super(
      `L1 took back ${depth} blocks that L2 stands on, and at most ${policy} are followed without being told. See whether the L1 node is on the right chain; if it is, start again with HASHSAND_REORG_POLICY_BLOCKS=${depth}. Nothing was changed.`,
    )
  }
}

/** L2 has to go back behind the state that its node still holds. */
export class L2HistoryGoneError extends BaseError {
  override readonly retry = false

  constructor(
    readonly from: bigint,
    readonly to: bigint,
    cause?: unknown,
  ) {
    super(
      `L1 was reorganised and L2 has to go back from block ${from} to ${to}, but its node no longer holds that state: a restart drops all but the head. Restore an older L2 dump, or start a new network. Nothing was changed.`,
      cause,
    )
  }
}

/** L2 gave up a block while the one above it was read. */
export class L2MovedError extends BaseError {
  override readonly retry = true

  constructor(readonly block: { number: bigint; hash: Hash }) {
    super(
      `L2's block ${block.number + 1n} does not follow ${block.hash}, the block below it: L2 is being reorganised. It is read again at once.`,
    )
  }
}

/** A deposit that the L2 node took did not appear in the block made for it. */
export class DepositNotExecutedError extends BaseError {
  override readonly retry = true

  constructor(
    readonly deposit: Hash,
    readonly l2Block: bigint,
  ) {
    super(`The deposit ${deposit} is not in L2 block ${l2Block}, which was made for it. It is tried again.`)
  }
}

/** The L2 node did not take a deposit that it could execute: its pool is full, it is overloaded, or it is not well. */
export class DepositRefusedError extends BaseError {
  override readonly retry = true

  constructor(
    readonly deposit: Hash,
    readonly answer: string,
  ) {
    super(
      `L2's node refuses the deposit ${deposit} (${answer}), and nothing in the deposit is a reason to. It is tried again, and what follows it waits. If this lasts, see to the node: nothing is lost meanwhile.`,
    )
  }
}

/** A node answered with an error where its blocks were asked for: it restarts, or its blocks are being replaced. */
export class NodeAnswerError extends BaseError {
  override readonly retry = true

  constructor(
    readonly answer: string,
    cause: unknown,
  ) {
    super(`A node answered with an error: ${answer} It is asked again.`, cause)
  }
}

/** L2 has blocks that could not be put on disk, so nobody may see its head. */
export class HeadNotSavedError extends BaseError {
  override readonly retry = true

  constructor() {
    super(
      "L2's newest block is not on disk yet. Ask again; if this lasts, look at the disk of the sequencer.",
    )
  }
}

/** A message's next step would fail now, so it was not made. */
export class UndeliverableError extends BaseError {
  override readonly retry = true

  constructor(
    readonly id: Hash,
    readonly step: 'proven' | 'delivered',
    readonly chain: 'L1' | 'L2',
    readonly reason: string,
    cause?: unknown,
  ) {
    super(
      `${id} can't be ${step} on ${chain}: ${reason} It is tried again later; its owner may do so himself.`,
      cause,
    )
  }
}

/** Nothing was kept that proves a withdrawal at the height of its root. */
export class ProofMissingError extends BaseError {
  override readonly retry = true

  constructor(
    readonly id: Hash,
    readonly l2Block: bigint,
  ) {
    super(
      `${id} can't be proven: no proof was kept for L2 block ${l2Block}. Its owner can prove it with a node that has that state.`,
    )
  }
}

/** The operator named a message that was never read. */
export class MessageUnknownError extends BaseError {
  override readonly retry = false

  constructor(readonly id: string) {
    super(
      `No message has the id ${id}. It is the L2 transaction hash of a deposit or the hash of a withdrawal: see hashsand msg list.`,
    )
  }
}

/** The operator named a message for which nothing is left to do. */
export class MessageEndedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly id: Hash,
    readonly state: string,
  ) {
    super(`${id} is ${state}, and nothing more is done for it. Nothing was changed.`)
  }
}

/** A JSON-RPC request that the public L2 endpoint does not serve. */
export class RefusedRequestError extends BaseError {
  override readonly retry = false

  constructor(
    /** JSON-RPC error code. */
    readonly code: number,
    message: string,
  ) {
    super(message)
  }
}

/** The chains do not show the same deposits: a node has left something out, or is not as far as it says. */
export class HistoryIncompleteError extends BaseError {
  override readonly retry = true

  constructor(readonly missing: string) {
    super(
      `The nodes do not show ${missing}. They are asked again; if this lasts, another node has to be asked.`,
    )
  }
}
