import { BaseError } from '../../../chain/errors.ts'

/** There are no stores where some were expected. */
export class NoStoresError extends BaseError {
  override readonly retry = false

  constructor(readonly folder: string) {
    super(
      `There are no stores in ${folder}. Name the folder of the service, its HASHSAND_STATE_DIR, with --store.`,
    )
  }
}

/** Found damaged by a command that only looks. */
export class StoresDamagedError extends BaseError {
  override readonly retry = false

  constructor(readonly problems: number) {
    super(
      `${problems} things are wrong, each named above. Stop the service, then run hashsand db repair, or hashsand db restore with a backup.`,
    )
  }
}

export class OtherBackupError extends BaseError {
  override readonly retry = false

  constructor(
    readonly store: string,
    readonly backup: string,
    readonly here: string,
  ) {
    super(
      `The backup's ${store} belongs to [${backup}], and here is [${here}]. Nothing was changed. Name the backup of this network.`,
    )
  }
}

export class StoreNotEmptyError extends BaseError {
  override readonly retry = false

  constructor(readonly stores: readonly string[]) {
    super(
      `These stores are not empty: ${stores.join(', ')}. Nothing was changed. With --force they are put aside, and the backup takes their place.`,
    )
  }
}
