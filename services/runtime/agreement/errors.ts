import { BaseError } from '../../../chain/errors.ts'

/** Nodes of one chain were asked the same, and no answer has the voices that it needs. */
export class NodesDisagreeError extends BaseError {
  override readonly retry = true

  constructor(
    readonly method: string,
    /** Node by node. */
    readonly said: readonly string[],
    readonly agree: number,
  ) {
    super(
      `No ${agree} nodes say the same to ${method}: ${said.join(', ')}. It is asked again; if this lasts, find out which of them is wrong and take it off the list.`,
    )
  }
}

/** A list of nodes that can not do what it is for. */
export class AgreementConfigError extends BaseError {
  override readonly retry = false

  constructor(
    readonly nodes: number,
    readonly agree: number,
  ) {
    super(
      `Of ${nodes} nodes ${agree} are to agree. That many are needed at least, and more than half of them: two answers could win otherwise. Name more nodes or ask for other agreement.`,
    )
  }
}
