import { BaseError } from './errors.ts'

// Beside errors.ts, which has no room for them: what is wrong with cuts, by the names of the ledger's errors, and with drawings.

export class NotFullError extends BaseError {
  override readonly retry = false

  constructor(readonly id: bigint) {
    super(
      `The id 0x${id.toString(16)} is a slice, and only a full box can be cut by component or time. Join its slices first.`,
    )
  }
}

export class CutOutsideMaskError extends BaseError {
  override readonly retry = false

  constructor(
    readonly at: bigint,
    readonly mask: number,
  ) {
    super(
      `The components ${at} are no part of the mask ${mask}. Choose some of its components, and not all of them.`,
    )
  }
}

export class CutOutsideIntervalError extends BaseError {
  override readonly retry = false

  constructor(
    readonly at: bigint,
    readonly start: number,
    readonly end: number,
  ) {
    super(`The epoch ${at} is not between ${start} and ${end}. Cut at a later start and before the end.`)
  }
}

export class CutOutsideStrikesError extends BaseError {
  override readonly retry = false

  constructor(
    readonly at: bigint,
    readonly lo: bigint,
    readonly ceiling: bigint,
  ) {
    super(
      `The strike of ${at} ticks is not between ${lo} and ${ceiling}. Cut above the first, below the second.`,
    )
  }
}

export class NotMaturedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly end: number,
    readonly knownUntil: number,
  ) {
    super(
      `The box ends at epoch ${end}, the index is known until ${knownUntil}. Wait, or realise what is known.`,
    )
  }
}

export class RealisedOutsideError extends BaseError {
  override readonly retry = false

  constructor(
    readonly until: number,
    readonly start: number,
    readonly last: number,
  ) {
    super(
      `The epoch ${until} is not after ${start} and up to ${last}. Only what is known and inside can be realised.`,
    )
  }
}

export class EarnedAboveTopError extends BaseError {
  override readonly retry = false

  constructor(
    readonly earned: bigint,
    readonly max: bigint,
  ) {
    super(`The components cannot earn ${earned}, at most ${max}. Check the interval and the scale of 1e18.`)
  }
}

export class IndicesDifferError extends BaseError {
  override readonly retry = false

  constructor(
    readonly first: number,
    readonly other: number,
  ) {
    super(
      `Positions of the indices ${first} and ${other} have no reserve in common. Redeem each index by itself.`,
    )
  }
}

export class DrawingEndsError extends BaseError {
  override readonly retry = false

  constructor(
    readonly first: bigint | undefined,
    readonly last: bigint | undefined,
    readonly topTicks: bigint,
  ) {
    super(
      `The drawing goes from ${first ?? 'nothing'} to ${last ?? 'nothing'} ticks. Let it go from 0 to the top of ${topTicks}.`,
    )
  }
}

export class DrawingOrderError extends BaseError {
  override readonly retry = false

  constructor(
    readonly point: number,
    readonly at: bigint,
    readonly before: bigint,
  ) {
    super(
      `Point ${point} of the drawing is at ${at} ticks, the one before at ${before}. Let each be further right.`,
    )
  }
}

export class DrawingNegativeError extends BaseError {
  override readonly retry = false

  constructor(
    readonly point: number,
    readonly value: bigint,
  ) {
    super(`Point ${point} of the drawing pays ${value} ticks. Nobody can owe: draw it at 0 or above.`)
  }
}

export class DrawingOwesError extends BaseError {
  override readonly retry = false

  constructor(
    readonly start: bigint,
    readonly falls: bigint,
  ) {
    super(
      `The drawing begins at ${start} ticks and falls by ${falls} in all, which only a debt can pay. Raise all of it by ${falls - start} ticks.`,
    )
  }
}

export class ProductStrikeError extends BaseError {
  override readonly retry = false

  constructor(
    readonly product: string,
    readonly given: string,
    readonly allowed: string,
  ) {
    super(`The ${product} cannot have ${given}. Allowed is ${allowed}.`)
  }
}
