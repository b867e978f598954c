import type { Address, Hash } from 'viem'
import { BaseError } from '../../chain/errors.ts'

/** The journal holds another report for the same day and round. Signing this one too would be an equivocation. */
export class EquivocationError extends BaseError {
  override readonly retry = false

  constructor(
    readonly key: string,
    readonly signed: Hash,
    readonly given: Hash,
  ) {
    super(
      `For ${key} (network/day/round) this node has signed ${signed} and is now asked to sign ${given}. Nothing was signed. Find out why the totals changed; the day needs a new round.`,
    )
  }
}

export class RelayerStoreIdentityError extends BaseError {
  override readonly retry = false

  constructor(
    readonly folder: string,
    readonly stored: string,
    readonly given: string,
  ) {
    super(
      `The store in ${folder} belongs to ${stored}, not to ${given}. Use the folder of this network, or an empty one.`,
    )
  }
}

export class WrongChainError extends BaseError {
  override readonly retry = false

  constructor(
    readonly url: string,
    readonly found: string,
    readonly expected: string,
  ) {
    super(
      `The node at ${url} is of ${found}, the manifest names ${expected}. Use the manifest of that network.`,
    )
  }
}

export class NoContractError extends BaseError {
  override readonly retry = false

  constructor(
    readonly contract: string,
    readonly address: Address,
  ) {
    super(
      `There is no ${contract} contract at ${address}. Check HASHSAND_REWARD_INDEX and HASHSAND_LEDGER, or leave them out for the predeploys.`,
    )
  }
}

export class NoSuchNetworkError extends BaseError {
  override readonly retry = false

  constructor(
    readonly id: number,
    readonly known: readonly number[],
  ) {
    super(
      `The manifest has no network ${id}, only ${known.join(', ') || 'none'}. Set HASHSAND_NETWORK to one of them.`,
    )
  }
}

/** A node whose key the contract does not know may look on, but nobody counts its signature. */
export class NotASignerError extends BaseError {
  override readonly retry = false

  constructor(
    readonly address: Address,
    readonly network: number,
  ) {
    super(
      `${address} is not among the signers of network ${network}. Give the key of a signer, or leave out --live to look on.`,
    )
  }
}

/** The node answered, but not what was asked. */
export class NodeAnswerError extends BaseError {
  override readonly retry = true

  constructor(
    readonly problem: string,
    cause: unknown,
  ) {
    super(
      `The L2 node gave no usable answer: ${problem} It is asked again; see to it if this goes on.`,
      cause,
    )
  }
}

/** Nothing is signed or sent while the node says that it is of another chain. */
export class OtherChainNowError extends BaseError {
  override readonly retry = true

  constructor(
    readonly found: number,
    readonly expected: number,
  ) {
    super(
      `The L2 node now says that it is of chain ${found}, not ${expected}. See who answers behind that URL.`,
    )
  }
}

export class NoSourceError extends BaseError {
  override readonly retry = false

  constructor(
    readonly kind: string,
    readonly remedy: string,
  ) {
    super(`There is no source "${kind}" here: ${remedy}.`)
  }
}

export class PoolsFileError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `The list of pools ${path} is not usable: ${problem}. Write [{"adapter": "foundry", "account": {…}}], each pool once.`,
      cause,
    )
  }
}

/** The chain would refuse the call now: mostly because somebody else was faster. The next look at the chain decides. */
export class CallRefusedError extends BaseError {
  override readonly retry = true

  constructor(
    readonly call: string,
    readonly reason: string,
    cause: unknown,
  ) {
    super(
      `${call} would be refused with ${reason}, so it was not sent. The next round asks the chain again.`,
      cause,
    )
  }
}

export class TransactionRevertedError extends BaseError {
  override readonly retry = true

  constructor(
    readonly key: string,
    readonly hash: Hash,
  ) {
    super(
      `"${key}" was included in ${hash} and reverted. The next round asks the chain whether it is still needed.`,
    )
  }
}
