import { BaseError } from '../../../chain/errors.ts'

export class OperatorRunsError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly holder: string,
    cause: unknown,
  ) {
    super(
      `An operator works in ${folder} (${holder}), and a copy of a database that is being written is none. Stop it first: systemctl stop hashsand-operator, or Ctrl-C. L2 stands meanwhile and goes on with the next start.`,
      cause,
    )
  }
}

export class NoOperatorDataError extends BaseError {
  override readonly retry = false

  constructor(readonly folder: string) {
    super(`${folder} holds no chain of an operator. Name the folder that hashsand operator up has as --data.`)
  }
}

export class NotAnOperatorBackupError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `${folder} is no whole backup of an operator: ${problem}. Nothing was changed. Name a folder that hashsand operator backup wrote to its end.`,
      cause,
    )
  }
}

export class BackupDamagedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly path: string,
    readonly problem: string,
  ) {
    super(
      `The backup ${folder} is damaged: ${path} is ${problem}. It was not restored. Use another backup, or start with an empty folder: blocks that are safe are derived from L1 again.`,
    )
  }
}

export class OperatorFolderTakenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly entries: readonly string[],
  ) {
    super(
      `${folder} is not empty (${entries.join(', ')}), and nothing in it was touched. Put it aside, or restore into another folder.`,
    )
  }
}

export class SpaceMissingError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly freeBytes: number,
    readonly neededBytes: number,
  ) {
    super(
      `${folder} has ${freeBytes} bytes free and this takes ${neededBytes}, two gigabytes of them to spare. Free some, or name a folder on another disk.`,
    )
  }
}
