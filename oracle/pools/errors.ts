import { BaseError } from '../../chain/errors.ts'

/** Base of what the same question to the same pool does not mend. */
abstract class PoolDataError extends BaseError {
  override readonly retry = false
}

/** Base of what may be otherwise at another time. */
abstract class PoolTimeError extends BaseError {
  override readonly retry = true
}

/** The answer is not the documented one. Its text is not kept: it may hold what belongs to the account alone. */
export class PoolAnswerError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly where: string,
    readonly reason: string,
  ) {
    super(
      `${pool}: ${where === '' ? 'the answer' : where} ${reason}. Compare the pool's API with the adapter; no value is taken from it.`,
    )
  }
}

/** Two statements of one answer exclude each other: a wrong unit, or a part that is not counted. */
export class PoolContradictionError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly what: string,
    readonly value: bigint,
    readonly expected: bigint,
  ) {
    super(
      `${pool}: ${what} is ${value} and should be ${expected} by the same answer. Check the unit with the pool; no value is taken from it.`,
    )
  }
}

export class PoolDayBoundaryError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly startSeconds: number,
    readonly rule: string,
  ) {
    super(
      `${pool}: a day begins at ${startSeconds} (unix), but ${rule}. Find out what changed; a shifted day is another value.`,
    )
  }
}

/** Missing, idle and zero are three things: this is the second. */
export class PoolIdleError extends PoolDataError {
  constructor(
    readonly pool: string,
    /** Undefined where no day was asked for. */
    readonly day: number | undefined,
  ) {
    super(
      `${pool} knows of no activity of the account${day === undefined ? '' : ` on day ${day}`}. Check the account's name; no zero is reported for it.`,
    )
  }
}

export class PoolDayOnlyRollingError extends PoolDataError {
  constructor(
    readonly pool: string,
    /** H/s of the last 24 hours, whenever those were. */
    readonly rollingHashrate: bigint,
  ) {
    super(
      `${pool} publishes the last 24 hours (${rollingHashrate} H/s), no day. A rolling value is no day's value: take another source for the row.`,
    )
  }
}

/** The pool says no: a wrong key, an unknown account, a changed call. Its words are not kept, for they may repeat the key. */
export class PoolRefusedError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly code: string,
  ) {
    super(`${pool} refused the request with code ${code}. Check the account, its key and the key's rights.`)
  }
}

export class PoolCredentialError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly header: string,
  ) {
    super(
      `${pool}: the value for the header ${header} has characters that no header may have. Copy the key again, without a line break.`,
    )
  }
}

export class PoolDayMissingError extends PoolTimeError {
  constructor(
    readonly pool: string,
    readonly day: number,
  ) {
    super(`${pool} has no value of day ${day} yet. Ask again later; a missing value is not a zero.`)
  }
}

export class PoolDayOpenError extends PoolTimeError {
  constructor(
    readonly pool: string,
    readonly day: number,
  ) {
    super(`${pool}: day ${day} is still running, so its value is partial. Ask after its end.`)
  }
}

export class PoolUnreachableError extends PoolTimeError {
  constructor(
    readonly pool: string,
    readonly reason: string,
    cause: unknown,
  ) {
    super(
      `${pool} gave no answer: ${reason}. Check the network and the pool's status, then ask again.`,
      cause,
    )
  }
}

/** Asked too often. Asking on before `waitSeconds` are over can turn a limit into a ban. */
export class PoolRateLimitError extends PoolTimeError {
  constructor(
    readonly pool: string,
    readonly status: number,
    readonly waitSeconds: number,
  ) {
    super(`${pool} answers ${status}: too many requests. Wait ${waitSeconds} s and ask more rarely.`)
  }
}

export class PoolStatusError extends BaseError {
  override readonly retry: boolean

  constructor(
    readonly pool: string,
    readonly status: number,
  ) {
    super(
      `${pool} answers with HTTP status ${status}. Below 500 check key and account; from 500 on ask again later.`,
    )
    this.retry = status >= 500
  }
}

/* Rows */

export class PoolRowIncompleteError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly day: number,
    readonly field: string,
  ) {
    super(`The row of ${pool} for day ${day} has no ${field}. Leave it out; it can't stand for a zero.`)
  }
}

export class PoolRowsMixedError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly day: number,
    readonly expectedDay: number,
  ) {
    super(
      `The rows of day ${expectedDay} hold ${pool} for day ${day}, or hold it twice. Give one row a pool, all of one day.`,
    )
  }
}

export class PoolRowRangeError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly field: string,
    readonly value: bigint,
    readonly limit: bigint,
  ) {
    super(`The row of ${pool} has ${field} ${value}, outside 0 to ${limit}. Check the pool's units.`)
  }
}

export class NoPoolRowsError extends PoolDataError {
  constructor(readonly day: number | undefined) {
    super(`There is no complete pool row${day === undefined ? '' : ` of day ${day}`}. Ask more pools.`)
  }
}

export class NoSuchPoolRowError extends PoolDataError {
  constructor(readonly pool: string) {
    super(`No row of ${pool} is among those that the root stands for. Ask for a pool that reported.`)
  }
}

/* Cross-checks: the pool's statement is possible only if its unit or its words are wrong. */

export class CreditedAboveIndexError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly reward: bigint,
    readonly limit: bigint,
  ) {
    super(
      `${pool} credits ${reward} satoshi where its hashrate could earn ${limit} at most. Check its units; leave the row out until then.`,
    )
  }
}

export class PoolTotalAboveBlocksError extends PoolDataError {
  constructor(
    readonly pool: string,
    readonly credited: bigint,
    readonly blocks: number,
  ) {
    super(
      `${pool} credits ${credited} satoshi in seven days in which ${blocks} blocks of it are proven, more than four sigma too few. Leave its rows out.`,
    )
  }
}
