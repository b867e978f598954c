import { BaseError } from '../errors.ts'

export class FinalizationTooShortError extends BaseError {
  override readonly retry = false

  constructor(
    readonly given: number,
    readonly limit: number,
  ) {
    super(
      `A finalisation period of ${given} s is not longer than 2 × sequencing window × L1 block time = ${limit} s: a root could mature before anyone can check it. Raise the period or shorten the window.`,
    )
  }
}

export class FinalizationTooLongError extends BaseError {
  override readonly retry = false

  constructor(
    readonly given: number,
    readonly limit: number,
  ) {
    super(
      `A finalisation period of ${given} s is longer than ${limit} s: whoever proposed a wrong root could have the bond back before a right one matures. Shorten the period.`,
    )
  }
}

export class InitializableAgainError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly address: string,
  ) {
    super(`${contract} at ${address} accepts initialize a second time. Do not use this deployment.`)
  }
}

export class PausedError extends BaseError {
  override readonly retry = false

  constructor(readonly portal: string) {
    super(`The portal ${portal} is paused after its deployment. The guardian can unpause it.`)
  }
}

export class WrongWiringError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly what: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(`${contract}: ${what} is ${given}, expected ${expected}. Do not use this deployment.`)
  }
}

export class WrongAuthorityError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly role: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(`${contract}: the ${role} is ${given}, expected ${expected}. Do not use this deployment.`)
  }
}

export class WrongDelayError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly given: bigint,
    readonly expected: number,
  ) {
    super(`${contract}: the delay is ${given} s, expected ${expected} s. Do not use this deployment.`)
  }
}

export class PreinstallMissingError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly address: string,
    readonly chainId: number,
  ) {
    super(
      `Chain ${chainId} has no ${contract} at ${address}. Deploy it there (its signed transaction is public), then start again.`,
    )
  }
}

export class IndexNotRegisteredError extends BaseError {
  override readonly retry = false

  constructor(readonly index: string) {
    super(
      `The Ledger took the registration of index ${index} but does not list it. Run the deployment again.`,
    )
  }
}

/** L1 was reorganised deeper than the deployment had waited. */
export class StartBlockGoneError extends BaseError {
  override readonly retry = false

  constructor(
    readonly number: number,
    readonly expected: string,
    readonly given: string,
  ) {
    super(
      `L2 was to start from L1 block ${number} ${expected}, which L1 has replaced by ${given}. Deploy into another folder, with more confirmations.`,
    )
  }
}
