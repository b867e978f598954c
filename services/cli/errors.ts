import { BaseError } from '../../chain/errors.ts'

export class AmountError extends BaseError {
  override readonly retry = false

  constructor(
    readonly given: string,
    readonly symbol: string,
    problem: string,
  ) {
    super(`The amount ${given} ${problem}. Give the amount in ${symbol}, for example 0.25.`)
  }
}

/** Another process owns the state folder. */
export class StateFolderInUseError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly holder: string,
    cause?: unknown,
  ) {
    super(
      `The state folder ${folder} is in use by ${holder}. Stop that one first, or choose another folder with --state.`,
      cause,
    )
  }
}

/** A folder that exists but does not look like ours: nothing in it is touched. */
export class StateFolderError extends BaseError {
  override readonly retry = false
}

/** A child process of the supervisor ended although nobody asked it to. */
export class ServiceDiedError extends BaseError {
  override readonly retry = true

  constructor(
    readonly service: string,
    readonly exit: string,
    readonly logFile: string,
  ) {
    super(
      `The ${service} ended by itself (${exit}). Its last words are in ${logFile}; start again with npm start.`,
    )
  }
}

/** Something that should happen by itself did not within its time. */
export class WaitedTooLongError extends BaseError {
  override readonly retry = true

  constructor(
    readonly what: string,
    readonly seconds: number,
    remedy: string,
  ) {
    super(`Waited ${seconds} s for ${what} in vain. ${remedy}`)
  }
}

/** The demo cannot begin or go on with the network as it is. */
export class DemoError extends BaseError {
  override readonly retry = false
}

/** At the end of the demo the books do not agree. */
export class UnbalancedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly what: string,
    readonly expected: bigint,
    readonly found: bigint,
  ) {
    super(
      `Assets do not balance: ${what} should be ${expected} satoshi and is ${found}. Keep the state folder and report it as a bug.`,
    )
  }
}

export class ApiUnreachableError extends BaseError {
  override readonly retry = true

  constructor(
    readonly url: string,
    cause?: unknown,
  ) {
    super(`The api at ${url} does not answer. Is the network up? Start it with npm start.`, cause)
  }
}

/** A command that cannot be undone was called without its flag. */
export class ConfirmationMissingError extends BaseError {
  override readonly retry = false

  constructor(readonly act: string) {
    super(`This would ${act}. Nothing was done. Add --yes to do it.`)
  }
}

export class SequencerUnreachableError extends BaseError {
  override readonly retry = true

  constructor(
    readonly url: string,
    problem: string,
    cause?: unknown,
  ) {
    super(`The sequencer at ${url} ${problem}. See hashsand status.`, cause)
  }
}

/** The sequencer understood and did not do it; its own words say why and what to do. */
export class SequencerRefusedError extends BaseError {
  override readonly retry = false
}

export class UnknownNameError extends BaseError {
  override readonly retry = false

  constructor(
    readonly what: string,
    readonly given: string,
    readonly known: readonly string[],
  ) {
    super(`There is no ${what} "${given}". Known: ${known.join(', ')}.`)
  }
}

export class NetworkUnreachableError extends BaseError {
  override readonly retry = true

  constructor(
    readonly l1Url: string,
    readonly l2Url: string,
    cause?: unknown,
  ) {
    super(
      `L1 at ${l1Url} or L2 at ${l2Url} does not answer. Is the network up? Start it with npm start.`,
      cause,
    )
  }
}

/** A transaction was mined and did nothing. */
export class TransferRevertedError extends BaseError {
  override readonly retry = false

  constructor(readonly transaction: string) {
    super(
      `The transaction ${transaction} was mined and reverted: nothing was moved. Check the balance and try again.`,
    )
  }
}

/** The options do not fit together. */
export class UsageError extends BaseError {
  override readonly retry = false
}

export class NotAPrivateKeyError extends BaseError {
  override readonly retry = false

  constructor(readonly path: string) {
    super(`${path} does not hold a private key: 64 hex digits are needed. Correct the file.`)
  }
}

/** For commands that need nothing but L1. */
export class L1SilentError extends BaseError {
  override readonly retry = true

  constructor(
    readonly url: string,
    cause?: unknown,
  ) {
    super(
      `L1 at ${url} does not answer, and nothing can be done without it. Give another RPC of it with --l1.`,
      cause,
    )
  }
}

export class WithdrawalNotFoundError extends BaseError {
  override readonly retry = true

  constructor(
    readonly given: string,
    readonly l2Url: string,
    readonly reason: string,
  ) {
    super(`${given} stands for no withdrawal that L2 at ${l2Url} knows: ${reason}`)
  }
}

export class NoReplicaHereError extends BaseError {
  override readonly retry = false

  constructor(readonly folder: string) {
    super(
      `No replica runs in ${folder}. Start it with hashsand replica up --network DIR --l1 URL --data ${folder}.`,
    )
  }
}

export class ReplicaSilentError extends BaseError {
  override readonly retry = true

  constructor(
    readonly folder: string,
    readonly url: string,
    cause: unknown,
  ) {
    super(
      `The replica of ${folder} does not answer at ${url}. If it was killed, start it with hashsand replica up --data ${folder}; it goes on where it was.`,
      cause,
    )
  }
}

export class ReplicaFolderInUseError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly holder: string,
    cause: unknown,
  ) {
    super(
      `The replica's folder ${folder} is in use by ${holder}. Stop that one first, or give another --data.`,
      cause,
    )
  }
}

export class RecordedBlocksNotProvenError extends BaseError {
  override readonly retry = false

  constructor() {
    super(
      'Recorded blocks have no headers here, so their days can not be proven. Use --source proven with --blocks simulated, or --source attested.',
    )
  }
}
