import { BaseError } from '../../chain/errors.ts'

export class NotCompiledError extends BaseError {
  override readonly retry = false
}

export class RedBeforeError extends BaseError {
  override readonly retry = false

  constructor(readonly output: string) {
    super(
      `The contract tests fail without any mutant, so they could not tell one. Make them green first.\n${output}`,
    )
  }
}

export class TestsDidNotRunError extends BaseError {
  override readonly retry = false

  constructor(
    readonly mutant: string,
    readonly output: string,
  ) {
    super(`forge ended without a verdict on ${mutant}.\n${output}`)
  }
}

export class UnknownBaseError extends BaseError {
  override readonly retry = false

  constructor(
    readonly base: string,
    cause: unknown,
  ) {
    super(`git knows no ${base}. Fetch it, or name another commit after --changed.`, cause)
  }
}

export class WorkerEndedError extends BaseError {
  override readonly retry = false

  constructor(readonly code: number | null) {
    super(`A worker ended with ${code ?? 'a signal'}. Run again: what was tested is kept.`)
  }
}
