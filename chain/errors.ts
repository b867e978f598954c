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
