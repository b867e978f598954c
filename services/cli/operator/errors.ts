import { type Address, type Hex, slice } from 'viem'
import { BaseError } from '../../../chain/errors.ts'

export class FeeScalarError extends BaseError {
  override readonly retry = false

  constructor(
    readonly scalar: string,
    readonly given: string,
    readonly max: number,
  ) {
    super(
      `The ${scalar} is ${given}, allowed are whole numbers from 0 to ${max}: millionths, so 684000 passes on 0.684 of the price. Correct it.`,
    )
  }
}

/** A contract of L1 has another owner than the timelock that the manifest names. */
export class NotOwnedByTimelockError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly owner: Address,
    readonly timelock: Address,
  ) {
    super(
      `${contract} belongs to ${owner}, not to the timelock ${timelock} of the manifest, through which it is changed. Ask its owner, or use this network's manifest.`,
    )
  }
}

export class NotGovernorError extends BaseError {
  override readonly retry = false

  constructor(
    readonly account: Address,
    readonly timelock: Address,
    data: Hex,
  ) {
    super(
      `${account} may not schedule at the timelock ${timelock}: the governor alone may. Give its key with --keystore; if it is a multisig, run this without --send and let it sign the call to ${timelock} whose data begin with ${slice(data, 0, 4)}.`,
    )
  }
}

/** Scheduled, and its delay is not over. */
export class OperationWaitsError extends BaseError {
  override readonly retry = true

  constructor(
    readonly operation: Hex,
    /** By L1's clock. */
    readonly seconds: bigint,
    readonly readyAt: string,
  ) {
    super(
      `The operation ${operation} waits for ${seconds} s more, until ${readyAt}. Nothing was sent. Run it again then to execute it.`,
    )
  }
}

/** L1 would refuse the transaction now. */
export class RefusedByTimelockError extends BaseError {
  override readonly retry = true

  constructor(
    readonly act: string,
    reason: string,
    cause: unknown,
  ) {
    super(
      `L1 would refuse to ${act} this now, so it was not sent: ${reason} Look at it again without --send.`,
      cause,
    )
  }
}
