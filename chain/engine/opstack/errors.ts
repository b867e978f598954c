import { BaseError } from '../../errors.ts'

export class ComponentStartError extends BaseError {
  override readonly retry = false

  constructor(
    readonly component: string,
    readonly outcome: string,
    readonly logFile: string,
    readonly lastWords: string,
  ) {
    super(
      `${component} did not start (${outcome}). Its log is ${logFile}; its last words: ${lastWords || 'none'}`,
    )
  }
}

export class ComponentFailedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly component: string,
    readonly restarts: number,
    readonly how: string,
    readonly logFile: string,
  ) {
    super(
      `${component} ended again (${how}) after ${restarts} restarts within minutes. Its log ${logFile} says why; then start again.`,
    )
  }
}

export class PortTakenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly purpose: string,
    readonly port: number,
  ) {
    super(`Port ${port}, for ${purpose}, is in use. Stop what listens there, or choose another port.`)
  }
}

export class JwtFileError extends BaseError {
  override readonly retry = false

  constructor(readonly path: string) {
    super(`The JWT file ${path} does not hold 32 bytes in hex. Delete it: the next start writes a new one.`)
  }
}

export class WrongJwtError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly url: string,
  ) {
    super(
      `op-geth at ${url} refuses the JWT of ${path}: it was started with another one. Stop it, then start again.`,
    )
  }
}

export class OtherChainError extends BaseError {
  override readonly retry = false

  constructor(
    readonly where: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `The chain in ${where} is another one: its block 0 is ${given}, expected ${expected}. Give this network a folder of its own, or restore its own data.`,
    )
  }
}

export class L1UnreachableError extends BaseError {
  override readonly retry = true

  constructor(
    readonly url: string,
    cause: unknown,
  ) {
    super(`The L1 at ${url} does not answer. Check its URL and that it runs, then start again.`, cause)
  }
}

export class L1ChainIdError extends BaseError {
  override readonly retry = false

  constructor(
    readonly url: string,
    readonly given: number,
    readonly expected: number,
  ) {
    super(
      `The L1 at ${url} has chain id ${given}, this network lives on ${expected}. Give the RPC of that L1.`,
    )
  }
}

export class L1RulesError extends BaseError {
  override readonly retry = false

  constructor(
    readonly url: string,
    readonly given: string,
  ) {
    super(
      `The L1 at ${url} follows ${given}. This engine follows L1s at cancun, prague or osaka; give one of these.`,
    )
  }
}

export class WrongKeyError extends BaseError {
  override readonly retry = false

  constructor(
    readonly role: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(`The key of the ${role} belongs to ${given}, the chain knows ${expected}. Give the right key.`)
  }
}

export class SupervisionFailedError extends BaseError {
  override readonly retry = false

  constructor(cause: unknown) {
    super(
      `The supervision of the engine ended by a bug (${String(cause)}). Start again, and report it.`,
      cause,
    )
  }
}

export class BeaconMissingError extends BaseError {
  override readonly retry = false

  constructor() {
    super(
      'Batches in blobs are read from a beacon node, and none is given. Give its URL, or put the batches into calldata.',
    )
  }
}

export class BeaconUnreachableError extends BaseError {
  override readonly retry = true

  constructor(
    readonly reason: string,
    cause?: unknown,
  ) {
    // Its URL may hold a token.
    super(
      `The beacon node does not answer (${reason}). Check its URL and that it runs, then start again.`,
      cause,
    )
  }
}

/** A folder that exists and is not what it should be: nothing in it is touched. */
export class ForeignFolderError extends BaseError {
  override readonly retry = false

  constructor(
    readonly dir: string,
    readonly entries: readonly string[],
  ) {
    super(
      `The folder ${dir} is not that of an operator's chain: it holds ${entries.slice(0, 3).join(', ')}. Choose an empty or new one.`,
    )
  }
}
