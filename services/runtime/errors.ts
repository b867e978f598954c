import { BaseError } from '../../chain/errors.ts'

/** A setting is missing or wrong. */
export class ConfigError extends BaseError {
  override readonly retry = false

  constructor(readonly problems: string) {
    super(`These settings are not usable:\n${problems}\nCorrect them in the environment and start again.`)
  }
}

export class PortInUseError extends BaseError {
  override readonly retry = false

  constructor(
    readonly port: number,
    readonly purpose: string,
    cause?: unknown,
  ) {
    super(
      `Port ${port}, wanted for ${purpose}, is already in use. Stop what listens there or choose another with --base-port.`,
      cause,
    )
  }
}

/** A test named a moment that the service does not know. */
export class UnknownFailpointError extends BaseError {
  override readonly retry = false

  constructor(
    readonly setting: string,
    readonly known: readonly string[],
  ) {
    super(
      `HASHSAND_FAILPOINT is ${setting}. Write NAME:NTH with a number from 1 on and one of ${known.join(', ')}; leave it out outside of tests.`,
    )
  }
}

/** A keys file is absent, readable by others, or not what it should be. */
export class KeysError extends BaseError {
  override readonly retry = false
}
