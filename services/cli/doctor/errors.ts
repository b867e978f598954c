import { BaseError } from '../../../chain/errors.ts'

/** Something keeps the service from its work. */
export class DoctorError extends BaseError {
  override readonly retry = false

  constructor(
    readonly bad: number,
    readonly warnings: number,
  ) {
    super(`${bad} things are bad and ${warnings} want a look; what to do stands under each.`)
  }
}
