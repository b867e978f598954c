import { BaseError } from '../errors.ts'

export class EngineStartError extends BaseError {
  override readonly retry = false

  constructor(
    readonly node: string,
    readonly port: number,
    readonly outcome: string,
    readonly lastWords: string,
  ) {
    super(`${node} did not start on port ${port} (${outcome}). Its last words: ${lastWords || 'none'}`)
  }
}

export class NodeExitedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly node: string,
    readonly how: string,
    readonly lastWords: string,
  ) {
    super(
      `${node} ended by itself (${how}). Start again: it continues from its last block on disk. ${lastWords}`,
    )
  }
}

export class CorruptedStateError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `The state file ${path} is damaged: ${given}, expected ${expected}. Nothing was changed. Run hashsand devnet repair to go back to the state before it.`,
    )
  }
}

export class NothingToRepairError extends BaseError {
  override readonly retry = false

  constructor(readonly dir: string) {
    super(
      `No undamaged state file is left in ${dir}. Restore the folder, or start anew with hashsand devnet reset.`,
    )
  }
}

export class HeadMovedError extends BaseError {
  override readonly retry = true

  constructor(readonly attempts: number) {
    super(
      `The chain's head moved during each of ${attempts} dumps. Only the process that mines may save the state.`,
    )
  }
}

export class OtherDeploymentError extends BaseError {
  override readonly retry = false

  constructor(
    readonly dir: string,
    readonly differing: readonly string[],
  ) {
    super(
      `The chains in ${dir} were made with other parameters (${differing.join(', ')}). Use the first ones, or start anew with hashsand devnet reset.`,
    )
  }
}

export class MiningFailedError extends BaseError {
  override readonly retry = false

  constructor(cause: unknown) {
    super('The L1 node could not mine or save a block. Check the disk, then start again.', cause)
  }
}

export class StateNotSavedError extends BaseError {
  override readonly retry = true

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(
      `The state could not be written to ${path}: ${String(cause)}. Free space or correct the folder's permissions.`,
      cause,
    )
  }
}
