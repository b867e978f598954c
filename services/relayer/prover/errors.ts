import type { Hash } from 'viem'
import { BaseError } from '../../../chain/errors.ts'

export class NoCommonBlockError extends BaseError {
  override readonly retry = false

  constructor(
    readonly best: Hash,
    readonly height: number,
    readonly depth: number,
  ) {
    super(
      `The relay's best block is ${best} at height ${height}, and within ${depth} blocks below it the relay has no block of this node's source. Compare the source with the relay's genesis: they follow different chains.`,
    )
  }
}

/** The relay is on a branch with more work than all that this node's source shows. */
export class SourceChainLighterError extends BaseError {
  override readonly retry = true

  constructor(
    readonly best: Hash,
    readonly chainwork: bigint,
    readonly shown: bigint,
  ) {
    super(
      `The relay's best block ${best} has chainwork ${chainwork}, the source shows ${shown} on another branch. Nothing was sent. Look whether the source is behind, or on a branch of its own.`,
    )
  }
}

export class CheckpointsMissingError extends BaseError {
  override readonly retry = true

  constructor(
    readonly day: number,
    readonly height: number,
  ) {
    super(
      `The relay has no checkpoint at height ${height} on the chain of day ${day}, which has just been there. It was reorganised; the next round looks again.`,
    )
  }
}
