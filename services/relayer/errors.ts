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

/** The keys at hand don't make a quorum of the contract's signers. */
export class TooFewSignersError extends BaseError {
  override readonly retry = false

  constructor(
    readonly held: number,
    readonly quorum: number,
    readonly network: number,
  ) {
    super(
      `Of the signers of network ${network} only ${held} keys are here, the quorum is ${quorum}. Give the keys file of this network.`,
    )
  }
}

export class NoSourceError extends BaseError {
  override readonly retry = false

  constructor(readonly kind: string) {
    super(
      `There is no source for "${kind}" here: ${
        kind === 'replay'
          ? 'set HASHSAND_DATA to the folder of recorded blocks'
          : 'this version knows replay and simulator'
      }.`,
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
