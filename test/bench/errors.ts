import { BaseError } from '../../chain/errors.ts'

export class GasTestError extends BaseError {
  override readonly retry = false

  constructor(
    readonly status: string,
    readonly output: string,
  ) {
    super(
      `The gas tests measured nothing (forge ended with ${status}). Run chain/bin/forge build. It said: ${output}`,
    )
  }
}

export class GasCaseMissingError extends BaseError {
  override readonly retry = false

  constructor(readonly caseName: string) {
    super(
      `The gas tests did not measure "${caseName}". Compare the names in test/contracts with those in test/bench/oracle.ts.`,
    )
  }
}

/** A stage of a bench did not come to its end. */
export class StageError extends BaseError {
  override readonly retry = false

  constructor(
    readonly stage: string,
    readonly reason: string,
  ) {
    super(`Waited for ${stage}: ${reason}. Run the bench again on a machine with nothing else to do.`)
  }
}
