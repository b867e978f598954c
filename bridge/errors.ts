import { type Address, formatEther, type Hash } from 'viem'
import { BaseError } from '../chain/errors.ts'

/** A TransactionDeposited log is not one that this library can execute faithfully. */
export class MalformedDepositError extends BaseError {
  override readonly retry = false

  constructor(
    readonly l1TransactionHash: Hash,
    readonly logIndex: number,
    readonly reason: string,
  ) {
    super(
      `The deposit in log ${logIndex} of ${l1TransactionHash} is not usable: ${reason}. Check that the portal's address in the manifest is right.`,
    )
  }
}

/** A MessagePassed log whose hash is not the hash of its own fields. */
export class WithdrawalHashMismatchError extends BaseError {
  override readonly retry = false

  constructor(
    readonly given: Hash,
    readonly computed: Hash,
  ) {
    super(
      `The L2 node reports the withdrawal ${given}, but its fields hash to ${computed}. Use an L2 node that you trust.`,
    )
  }
}

/** What a node says of a block's receipts is not what the block's header says: it leaves logs out, or makes some up. */
export class ReceiptsMismatchError extends BaseError {
  override readonly retry = true

  constructor(
    readonly block: { number: bigint; hash: Hash; receiptsRoot: Hash },
    /** Undefined where a receipt was none. */
    readonly computed: Hash | undefined,
  ) {
    super(
      `The node's receipts of block ${block.number} (${block.hash}) hash to ${computed ?? 'nothing'}, its header says ${block.receiptsRoot}: logs are missing or made up. Nothing of that block was used. It is asked again; if this lasts, ask another node.`,
    )
  }
}

/** The portal calls a withdrawal finalised, and the node shows no log of it. */
export class FinalisationNotShownError extends BaseError {
  override readonly retry = true

  constructor(readonly withdrawal: Hash) {
    super(
      `The withdrawal ${withdrawal} is finalised on L1, but the node shows no log that says with which outcome. Ask again; if this lasts, ask another node.`,
    )
  }
}

/** What the L2 node proves is not what was proposed on L1. */
export class OutputRootMismatchError extends BaseError {
  override readonly retry = true

  constructor(
    readonly l2BlockNumber: bigint,
    readonly proposed: Hash,
    readonly computed: Hash,
  ) {
    super(
      `L1 holds the output root ${proposed} for L2 block ${l2BlockNumber}, the L2 node gives ${computed}. Do not prove against it: the challenger has to delete it, or the L2 node is on another chain.`,
    )
  }
}

export class ZeroOutputRootError extends BaseError {
  override readonly retry = false

  constructor(readonly l2BlockNumber: bigint) {
    super(
      `The output root of L2 block ${l2BlockNumber} is zero, and a zero root would make every proof valid. It is refused; check the L2 node.`,
    )
  }
}

/** A token that the manifest does not list: sent over the bridge it would be stuck. */
export class UnknownTokenError extends BaseError {
  override readonly retry = false

  constructor(readonly token: Address) {
    super(`${token} is not a bridged token of this network. Choose one of the pairs in the manifest.`)
  }
}

/** Neither L1 nor L2 knows the message. */
export class MessageNotFoundError extends BaseError {
  override readonly retry = true

  constructor(readonly transactionHash: Hash) {
    super(
      `${transactionHash} holds no bridge message. Give the hash of the transaction that deposited or withdrew, and wait until it is mined.`,
    )
  }
}

/** The L2 node does not have a block that it was asked for. */
export class L2BlockAbsentError extends BaseError {
  override readonly retry = true

  constructor(readonly l2BlockNumber: bigint) {
    super(`The L2 node has no block ${l2BlockNumber} yet. Wait until it has, or ask a node that is further.`)
  }
}

/** The token on the other side is not the one that the network's token is bridged to: what is sent there is locked for ever. */
export class WrongRemoteTokenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly token: Address,
    readonly given: Address,
    readonly expected: Address,
  ) {
    super(
      `${given} is not the other end of ${token}, although it may look like it: that is ${expected}. Sent there it would be locked for ever; use the address of the manifest.`,
    )
  }
}

/** There is more of a token on L2 than L1 holds for it: not everybody could bring his home. */
export class UnbackedTokenError extends BaseError {
  override readonly retry = false

  constructor(
    readonly symbol: string,
    /** Base units. */
    readonly minted: bigint,
    /** Base units. */
    readonly locked: bigint,
  ) {
    super(
      `Of ${symbol} there are ${minted} base units on L2 and ${locked} locked for them on L1. Bring none in, and tell the operator.`,
    )
  }
}

/** Nobody could ever move what is sent to this address. */
export class LostRecipientError extends BaseError {
  override readonly retry = false

  constructor(readonly to: Address) {
    super(
      `What is sent to ${to} is lost: it is no account, but nobody's address, the bridge or the token itself. Give the address of an account.`,
    )
  }
}

/** The network was deployed without the contract that brings a token and ether together. */
export class NoDepositWithGasError extends BaseError {
  override readonly retry = false

  constructor() {
    super(
      'This network has no contract that brings a token and ether for gas in one transaction. Deposit them one after the other, the ether first.',
    )
  }
}

/** An account cannot pay for its transaction on L2. */
export class GasMissingError extends BaseError {
  override readonly retry = false
  /** Wei. */
  readonly balance: bigint
  readonly needed: bigint
  readonly missing: bigint

  constructor(
    readonly account: Address,
    { balance, needed, missing }: { balance: bigint; needed: bigint; missing: bigint },
  ) {
    super(
      `${account} has ${formatEther(balance)} ETH on L2 and needs up to ${formatEther(needed)}: ${formatEther(missing)} are missing. Bring ether in, or go through L1 (--through-l1), which pays for the gas with ether there.`,
    )
    this.balance = balance
    this.needed = needed
    this.missing = missing
  }
}

/** A contract on L1 is somebody else on L2. */
export class ContractSenderError extends BaseError {
  override readonly retry = false

  constructor(
    readonly account: Address,
    readonly alias: Address,
  ) {
    super(
      `${account} is a contract on L1: on L2 its transaction would come from ${alias}, which has nothing of what ${account} has there. Send from an account with a key.`,
    )
  }
}
