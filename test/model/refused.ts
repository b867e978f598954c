/** A revert: the name of the error and its arguments, or 'Panic' with its code, or 'Nothing' for empty revert data. */
export class Refused extends Error {
  readonly args: readonly unknown[]

  constructor(
    readonly error: string,
    ...args: readonly unknown[]
  ) {
    super(error)
    this.args = args
  }
}

export const ARITHMETIC = 0x11n
