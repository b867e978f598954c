import { BaseError as ViemError } from 'viem'

/**
 * The root of every failure that Hashsand expects. Anything thrown that is not a BaseError is a bug.
 * The message says what happened, with the numbers, and what to do about it.
 */
export abstract class BaseError extends Error {
  /** Whether a loop may try the same work again. */
  abstract readonly retry: boolean

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = new.target.name
  }
}

export class ArtifactError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly path: string,
    ours: boolean,
  ) {
    const remedy = ours ? 'Run chain/bin/forge build and check the name.' : 'Run npm ci.'
    super(`No compiled ${contract} at ${path}. ${remedy}`)
  }
}

export class CodegenError extends BaseError {
  override readonly retry = false
}

export class TransactionRevertedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly what: string,
    readonly hash: string,
  ) {
    super(`The transaction ${hash} (${what}) reverted. Look at it with a trace before starting anew.`)
  }
}

export class WrongContractAddressError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `${contract} came to ${given}, expected ${expected}. Check that the deployer's bytecode is unchanged.`,
    )
  }
}

export class ManifestMismatchError extends BaseError {
  override readonly retry = false

  constructor(
    readonly what: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `These RPCs are not the network of the manifest: ${what} is ${given}, the manifest says ${expected}. Use the manifest of this network, or the RPC URLs of the manifest.`,
    )
  }
}

export class TokenPairError extends BaseError {
  override readonly retry = false

  constructor(
    readonly symbol: string,
    readonly what: string,
    readonly given: string,
    readonly expected: string,
    cause?: unknown,
  ) {
    super(
      `The token pair ${symbol} is refused: ${what} is ${given}, expected ${expected}. Correct or remove the pair in the manifest.`,
      cause,
    )
  }
}

export class TransactionNotSentError extends BaseError {
  override readonly retry = true

  constructor(
    readonly what: string,
    readonly from: string,
    cause: unknown,
  ) {
    // viem's full message repeats the whole call data.
    const reason = cause instanceof ViemError ? `${cause.shortMessage} ${cause.details ?? ''}` : String(cause)
    super(
      `${what} could not be sent from ${from}: ${reason.trim()} Check its balance and the RPC, then run it again.`,
      cause,
    )
  }
}

/* Boxes: one class for each error that the ledger has for an id, and two for what cannot become an id. */

export class BoxFieldError extends BaseError {
  override readonly retry = false

  constructor(
    readonly field: string,
    readonly given: bigint | number,
    readonly max: bigint | number,
  ) {
    super(`The ${field} of a box is ${given}, allowed are whole numbers from 0 to ${max}. Correct it.`)
  }
}

export class MalformedIdError extends BaseError {
  override readonly retry = false

  constructor(readonly id: bigint) {
    super(`The id 0x${id.toString(16)} has bits set that mean nothing. Check that it is a Hash_Sand's id.`)
  }
}

export class MaskOutsideError extends BaseError {
  override readonly retry = false

  constructor(
    readonly mask: number,
    readonly components: number,
  ) {
    super(
      `The component mask ${mask} is empty or outside the index's ${components} components. Use 1 to ${2 ** components - 1}.`,
    )
  }
}

export class StartsBeforeIndexError extends BaseError {
  override readonly retry = false

  constructor(
    readonly start: number,
    readonly firstEpoch: number,
  ) {
    super(`The box starts at epoch ${start}, its index at ${firstEpoch}. Start it there or later.`)
  }
}

export class IntervalEmptyError extends BaseError {
  override readonly retry = false

  constructor(
    readonly start: number,
    readonly end: number,
  ) {
    super(`The box starts at epoch ${start} and ends at ${end}. Let it end after its start.`)
  }
}

export class StrikesEmptyError extends BaseError {
  override readonly retry = false

  constructor(
    readonly lo: bigint,
    readonly hi: bigint,
  ) {
    super(`The floor of ${lo} ticks is not below the ceiling of ${hi} ticks. Lower it.`)
  }
}

export class FloorAboveTopError extends BaseError {
  override readonly retry = false

  constructor(
    readonly lo: bigint,
    readonly topTicks: bigint,
  ) {
    super(`The floor of ${lo} ticks is not below the top of ${topTicks} ticks: it would never pay. Lower it.`)
  }
}

export class NotCanonicalError extends BaseError {
  override readonly retry = false

  constructor(
    readonly hi: bigint,
    readonly topTicks: bigint,
  ) {
    super(`The ceiling of ${hi} ticks is not below the top of ${topTicks} ticks. Write it as MAX.`)
  }
}

export class TopTooManyTicksError extends BaseError {
  override readonly retry = false

  constructor(
    readonly topTicks: bigint,
    readonly max: bigint,
  ) {
    super(
      `The top of the box is ${topTicks} ticks, at most ${max} fit. Choose fewer components or a shorter interval.`,
    )
  }
}

export class EndsTooLateError extends BaseError {
  override readonly retry = false

  constructor(
    readonly end: number,
    readonly worst: bigint,
    readonly max: bigint,
  ) {
    super(
      `By epoch ${end} the index could reach ${worst}, at most ${max} can be stored. Let the box end earlier.`,
    )
  }
}

export class NotLongError extends BaseError {
  override readonly retry = false

  constructor(readonly id: bigint) {
    super(`The id 0x${id.toString(16)} is a short. Name a set by its long, the mirror of this one.`)
  }
}

export class QuantityError extends BaseError {
  override readonly retry = false

  constructor(
    readonly quantity: bigint,
    readonly max: bigint,
  ) {
    super(`The quantity is ${quantity}, allowed is 1 to ${max}. One unit of hashrate is 1e18.`)
  }
}

export class TransactionsPendingError extends BaseError {
  override readonly retry = true

  constructor(
    readonly from: string,
    readonly count: number,
    readonly seconds: number,
  ) {
    super(
      `${count} transactions of ${from} are still not in a block after ${seconds} s. Wait until they are, or replace them, then run it again.`,
    )
  }
}
