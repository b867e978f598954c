import { BaseError } from '../../../chain/errors.ts'

/** What a store holds is not what was written into it. */
export class StoreDamagedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly store: string,
    /** The key of the row, or the file. */
    readonly place: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `The store ${store} is damaged at ${place}: ${problem}. Nothing of it was used. Stop what works with it and run hashsand db verify, then hashsand db repair.`,
      cause,
    )
  }
}

/** A store could not be written, most often because its disk is full. It has to be opened anew before it takes anything again. */
export class StoreNotWrittenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly store: string,
    cause: unknown,
  ) {
    super(
      `The store ${store} can't be written: ${cause instanceof Error ? cause.message : String(cause)}. Free space on its disk, or make it writable. What was stored before is whole.`,
      cause,
    )
  }
}

/** There is less room on the disk of a folder than it takes to begin. */
export class DiskFullError extends BaseError {
  override readonly retry = true

  constructor(
    readonly folder: string,
    readonly neededBytes: number,
    cause: unknown,
  ) {
    super(
      `The disk of ${folder} has no room for ${neededBytes >> 20} MiB. Free space on it, or give it more; nothing has to be started again.`,
      cause,
    )
  }
}

/** A newer program has written this store. */
export class StoreVersionError extends BaseError {
  override readonly retry = false

  constructor(
    readonly store: string,
    readonly found: number,
    readonly known: number,
  ) {
    super(
      `The store ${store} has version ${found}, and this program knows none above ${known}. Nothing was changed. Use the program that wrote it, or restore a backup of version ${known} with hashsand db restore.`,
    )
  }
}

/** Something is where a copy of a store should go. */
export class CopyExistsError extends BaseError {
  override readonly retry = false

  constructor(readonly folder: string) {
    super(
      `There is something at ${folder} already, and it is left as it is. Name a folder that is not there.`,
    )
  }
}

export class NotABackupError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `${folder} is no whole backup: ${problem}. Nothing was changed. Name a folder that hashsand db backup wrote.`,
      cause,
    )
  }
}
