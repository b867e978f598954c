import { BaseError } from '../../chain/errors.ts'

/** Base of what no repetition mends: a node that does not show its block whole. */
abstract class EthereumDataError extends BaseError {
  override readonly retry = false
}

export class EthereumBlockShapeError extends EthereumDataError {
  constructor(
    readonly problems: readonly string[],
    cause?: unknown,
  ) {
    super(
      `The node's block is not what eth_getBlockByHash with full transactions gives: ${problems.join('; ')}. Ask another node.`,
      cause,
    )
  }
}

/** What was encoded is not what was hashed: a field is wrong, or a fork added one that is not known here. */
export class EthereumHashError extends EthereumDataError {
  constructor(
    readonly what: string,
    readonly computed: string,
    readonly expected: string,
  ) {
    super(
      `The ${what} hashes to ${computed}, and the node says ${expected}. Either the node errs, or a fork changed the encoding and this program is too old.`,
    )
  }
}

export class EthereumTransactionTypeError extends EthereumDataError {
  constructor(readonly type: string) {
    super(`Transactions of type ${type} are not known; 0x0 to 0x4 are. A newer program is needed.`)
  }
}

export class EthereumDescentError extends EthereumDataError {
  constructor(
    readonly position: number,
    readonly reason: string,
  ) {
    super(
      `Header ${position} of the descent ${reason}. Pass the recorded block's header, its parent's, and so on, 64 at most.`,
    )
  }
}

export class EthereumLeavesError extends EthereumDataError {
  constructor(readonly reason: string) {
    super(`${reason}. Pass every block of the day once, in order.`)
  }
}

export class NoTransactionsError extends EthereumDataError {
  constructor() {
    super(`A block without transactions has no last one. Its payment is 0, and its header proves that.`)
  }
}
