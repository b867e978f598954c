import { formatEther } from 'viem'
import { BaseError } from '../../../chain/errors.ts'

export class RolesFileError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly problems: readonly string[],
    cause?: unknown,
  ) {
    super(
      `The roles file ${path} is not usable: ${problems.join('; ')}. hashsand deploy --example prints one that is.`,
      cause,
    )
  }
}

/** The deployment in this folder was begun with other decisions. */
export class OtherRolesError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly differences: readonly string[],
  ) {
    super(
      `The deployment in ${folder} was begun with another roles file: ${differences.join('; ')}. Go on with the first one, or deploy into another folder.`,
    )
  }
}

export class DeployerFundsError extends BaseError {
  override readonly retry = false

  constructor(
    readonly deployer: string,
    readonly balanceWei: bigint,
    readonly neededWei: bigint,
    readonly chain: 'L1' | 'L2',
  ) {
    super(
      `The deployer ${deployer} has ${formatEther(balanceWei)} ether on ${chain} and needs ${formatEther(neededWei)}, twice the cost at the present gas price: ${formatEther(neededWei - balanceWei)} are missing. Nothing was sent. Send it that.`,
    )
  }
}

/** A key has a second role. */
export class DeployerRoleError extends BaseError {
  override readonly retry = false

  constructor(
    readonly deployer: string,
    readonly role: string,
  ) {
    super(
      `The deployer ${deployer} is the ${role} of the roles file too. Give the deployer a key of its own: hashsand keys new --role deployer.`,
    )
  }
}

export class NotDeployedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly what: string,
  ) {
    super(`${folder} holds no finished deployment of ${what}. Run hashsand deploy with --send first.`)
  }
}

export class JournalError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `The journal ${path} ${problem}. Restore it from a backup: without it the contracts would be deployed a second time.`,
      cause,
    )
  }
}

/** The network folder holds something, and no deployment of ours was begun for it. */
export class NetworkFolderTakenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly journal: string,
  ) {
    super(
      `${folder} is not empty and ${journal} is not there: it belongs to another deployment. Choose an empty or new folder, or restore that journal.`,
    )
  }
}
