import type { Hash } from 'viem'
import { BaseError } from '../../chain/errors.ts'

/** Base of what time may mend: the same question again may be answered. */
abstract class PassingError extends BaseError {
  override readonly retry: boolean = true
}

/** Base of what a person must mend: the wrong service, the wrong key, a block that is gone. */
abstract class LastingError extends BaseError {
  override readonly retry = false
}

/** Nobody answers there: stopped, restarting, or the network in between. */
export class SourceUnreachableError extends PassingError {
  constructor(
    readonly host: string,
    cause: unknown,
  ) {
    super(`${host} cannot be reached. Check that it runs and that its address is right.`, cause)
  }
}

export class SourceTimeoutError extends PassingError {
  constructor(
    readonly host: string,
    readonly what: string,
    readonly timeoutMs: number,
  ) {
    super(`${host} did not answer ${what} within ${timeoutMs} ms. Give it more time or less to do.`)
  }
}

export class SourceFailedError extends PassingError {
  constructor(
    readonly host: string,
    readonly what: string,
    readonly status: number,
  ) {
    super(`${host} answered ${what} with status ${status}. Look at its log if this stays.`)
  }
}

/** The answer is not what the interface promises: half an answer, another service, an error page. */
export class SourceAnswerError extends PassingError {
  constructor(
    readonly host: string,
    readonly what: string,
    readonly reason: string,
  ) {
    super(`${host} answered ${what} with something else: ${reason}. Check what listens there if this stays.`)
  }
}

export class RateLimitedError extends PassingError {
  constructor(
    readonly host: string,
    /** As the service says, or a minute where it does not. */
    readonly waitSeconds: number,
  ) {
    super(`${host} asks for fewer requests. Wait ${waitSeconds} s, or run a node of your own.`)
  }
}

export class SourceRefusedError extends LastingError {
  constructor(
    readonly host: string,
    readonly status: number,
  ) {
    super(`${host} refuses these credentials (status ${status}). Correct the user and password.`)
  }
}

/** A node writes its cookie anew at each start, so the old one is refused for a moment. */
export class CookieRefusedError extends PassingError {
  constructor(
    readonly host: string,
    readonly cookieFile: string,
    cause?: unknown,
  ) {
    super(`${host} does not accept the cookie in ${cookieFile}. Check that it is the node's own file.`, cause)
  }
}

export class SourceUrlError extends LastingError {
  constructor(readonly reason: string) {
    super(`The URL of a source is refused: ${reason}. Pass it as http(s)://host:port, credentials apart.`)
  }
}

/** An error of the node's own. */
export class NodeRpcError extends PassingError {
  constructor(
    readonly method: string,
    readonly code: number,
    readonly reason: string,
  ) {
    super(`The node answered ${method} with error ${code}: ${reason}. Look at the node's log if this stays.`)
  }
}

export class NodeSyncingError extends PassingError {
  constructor(
    readonly blocks: number,
    readonly headers: number,
  ) {
    super(`The node is still syncing: ${blocks} of ${headers} blocks. Wait until it has them all.`)
  }
}

export class BlockPrunedError extends LastingError {
  constructor(
    readonly height: number,
    readonly pruneHeight: number | undefined,
  ) {
    super(
      `The node has pruned block ${height}; it keeps blocks from ${pruneHeight ?? 'a later one'} on. Use a node that keeps more, or close these days from another source first.`,
    )
  }
}

export class BlockUnavailableError extends PassingError {
  constructor(
    readonly height: number,
    readonly hash: Hash,
  ) {
    super(`The source names block ${height}, ${hash}, and does not have it yet. Wait until it does.`)
  }
}

export class NoBlockAtHeightError extends PassingError {
  constructor(readonly height: number) {
    super(`The source has no block ${height} yet. Wait until it is mined.`)
  }
}

/** The source ends before a block that was there already: it starts anew, or its chain is being replaced. */
export class SourceBehindError extends PassingError {
  constructor(
    readonly height: number,
    readonly hash: string,
  ) {
    super(
      `A closed day ends with block ${height}, ${hash}, and the source does not reach that far now. Wait until it has caught up.`,
    )
  }
}

export class ChainReorganisedError extends PassingError {
  constructor(
    readonly height: number,
    readonly previousHash: Hash,
    readonly expected: Hash,
  ) {
    super(
      `Block ${height} follows ${previousHash}, not ${expected}: the chain was reorganised meanwhile. Read again.`,
    )
  }
}

export class WrongChainError extends LastingError {
  constructor(
    readonly chain: string,
    readonly height: number,
    readonly found: string | undefined,
    readonly expected: Hash,
  ) {
    super(
      `The source is not on ${chain}: its block ${height} is ${found ?? 'none'}, not ${expected}. Use a source of that chain.`,
    )
  }
}
