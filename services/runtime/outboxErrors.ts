import type { Address, Hash } from 'viem'
import { BaseError } from '../../chain/errors.ts'

/** The same idempotency key was used for something else before. */
export class OutboxConflictError extends BaseError {
  override readonly retry = false

  constructor(
    readonly key: string,
    readonly field: string,
  ) {
    super(
      `The outbox already holds an intent "${key}" with another ${field}. One key stands for one effect: choose a new key for a new effect.`,
    )
  }
}

/** The call would revert now, so nothing was stored or sent. */
export class IntentRevertsError extends BaseError {
  override readonly retry = true

  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    super(`The intent "${key}" would revert, so it was not sent. Look into the cause and try again.`, cause)
  }
}

export class OutboxFundsError extends BaseError {
  override readonly retry = true

  constructor(
    readonly account: Address,
    readonly balanceWei: bigint,
    readonly neededWei: bigint,
  ) {
    super(
      `${account} holds ${balanceWei} wei and needs up to ${neededWei} wei for its next transaction. Send it ether.`,
    )
  }
}

/** The stored intents were made for another chain or another key. */
export class OutboxIdentityError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly stored: string,
    readonly given: string,
  ) {
    super(
      `The outbox in ${folder} belongs to ${stored}, not to ${given}. Its transactions would be wrong there: use the folder of this chain, or an empty one.`,
    )
  }
}

export class StoreInUseError extends BaseError {
  override readonly retry = true

  constructor(
    readonly folder: string,
    readonly holder: string,
    cause?: unknown,
  ) {
    super(
      `The store ${folder} is in use by ${holder}. Two writers would sign the same nonce twice: stop the other one first.`,
      cause,
    )
  }
}

/** The process stops while an intent is on its way. It is stored, and goes on at the next start. */
export class OutboxStoppedError extends BaseError {
  override readonly retry = true

  constructor(readonly key: string) {
    super(
      `The outbox stopped before "${key}" was settled. It is stored and will be taken up at the next start.`,
    )
  }
}

/** The operator has taken the intent back, and its nonce went to nothing. */
export class IntentCancelledError extends BaseError {
  override readonly retry = true

  constructor(readonly key: string) {
    super(
      `The intent "${key}" was cancelled by the operator and has had no effect. What it was for is tried again under a new key, unless it is skipped.`,
    )
  }
}

/** Nothing waits at this nonce. */
export class NonceNotOpenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly account: Address,
    readonly nonce: number,
    readonly reason: string,
  ) {
    super(`Nothing can be cancelled at nonce ${nonce} of ${account}: ${reason}. See hashsand nonce show.`)
  }
}

/** Every replacement allowed by the cap was tried. */
export class FeeCapError extends BaseError {
  override readonly retry = true

  constructor(
    readonly transaction: Hash,
    readonly neededWei: bigint,
    readonly capWei: bigint,
  ) {
    super(
      `${transaction} is stuck and a replacement would need ${neededWei} wei per gas, the cap is ${capWei}. Raise the cap or wait for cheaper blocks.`,
    )
  }
}
