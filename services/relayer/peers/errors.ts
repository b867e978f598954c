import type { Address } from 'viem'
import { BaseError } from '../../../chain/errors.ts'

export class PeersFileError extends BaseError {
  override readonly retry = false

  constructor(
    readonly path: string,
    readonly problem: string,
    cause?: unknown,
  ) {
    super(
      `The list of peers ${path} is not usable: ${problem}. Write [{"address": "0x…", "url": "https://…"}], one for each signer.`,
      cause,
    )
  }
}

/** Of one peer, whatever it did: a round goes on with the others. */
export abstract class PeerError extends BaseError {
  override readonly retry = true
}

export class PeerSilentError extends PeerError {
  constructor(
    readonly peer: Address,
    readonly url: string,
    readonly timeoutMs: number,
    cause: unknown,
  ) {
    super(
      `Peer ${peer} at ${url} did not answer within ${timeoutMs} ms. See whether it runs and is reached.`,
      cause,
    )
  }
}

/** It answered something that it cannot have meant, or it is somebody else. */
export class PeerAnswerError extends PeerError {
  constructor(
    readonly peer: Address,
    readonly url: string,
    readonly problem: string,
  ) {
    super(`Peer ${peer} at ${url} gave an answer that does not count: ${problem}. Ask its operator.`)
  }
}

export class PeerRefusedError extends PeerError {
  constructor(
    readonly peer: Address,
    readonly status: number,
    readonly reason: string,
  ) {
    super(`Peer ${peer} refused with ${status}: ${reason}`)
  }
}
