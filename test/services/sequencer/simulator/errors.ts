import { BaseError } from '../../../../chain/errors.ts'

/** A promise of the service that did not hold, at the moment at which a chain saw it broken. */
export class BrokenPromiseError extends BaseError {
  override readonly retry = false

  constructor(
    readonly promise: string,
    readonly facts: string,
  ) {
    super(`${promise}: ${facts}`)
  }
}

/** The service asked a model for something that it does not know. Teach the model: an invented answer would prove nothing. */
export class UnknownToModelError extends BaseError {
  override readonly retry = false

  constructor(readonly asked: string) {
    super(`The model of the chains does not know ${asked}. Add it there, as the real chain behaves.`)
  }
}

/** A call that the model's contracts refuse. */
export class RevertError extends BaseError {
  override readonly retry = false

  constructor(readonly reason: string) {
    super(`execution reverted: ${reason}`)
  }
}

/** A JSON-RPC error that a node answers. */
export class NodeRefusalError extends BaseError {
  override readonly retry = true

  constructor(
    readonly code: number,
    readonly words: string,
  ) {
    super(words)
  }
}

/** What LevelDB says of a store that is open already. */
export class LockedError extends BaseError {
  override readonly retry = false
  readonly code = 'LEVEL_LOCKED'

  constructor(readonly folder: string) {
    super(`IO error: lock ${folder}/LOCK: already held by process`)
  }
}

/** What LevelDB says when the disk is full. */
export class FullDiskError extends BaseError {
  override readonly retry = true
  readonly code = 'LEVEL_IO_ERROR'

  constructor(readonly folder: string) {
    super(`IO error: ${folder}: No space left on device`)
  }
}

/** A process that simulates ended before its seeds did. */
export class WorkerEndedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly first: number,
    readonly reason: string | number,
  ) {
    super(
      `The process that simulates seeds from ${first} on ended with ${reason}. What it printed stands above; simulate fewer seeds at once if memory is short.`,
    )
  }
}
