import { BaseError } from '../../errors.ts'

const ANEW = 'Get the network folder anew from the operator of the network.'

export class NetworkFileMissingError extends BaseError {
  override readonly retry = false

  constructor(
    readonly dir: string,
    readonly file: string,
    cause?: unknown,
  ) {
    super(
      `The network folder ${dir} has no ${file}. It needs the manifest <l2 chain id>.json, genesis.json, rollup.json and l1-chain-config.json. ${ANEW}`,
      cause,
    )
  }
}

export class SeveralManifestsError extends BaseError {
  override readonly retry = false

  constructor(
    readonly dir: string,
    readonly files: readonly string[],
  ) {
    super(
      `The network folder ${dir} holds ${files.length} manifests (${files.join(', ')}). Give one network a folder.`,
    )
  }
}

/** Nobody but its operator can have the L2 of the embedded engine. */
export class NoReplicasError extends BaseError {
  override readonly retry = false

  constructor(
    readonly network: string,
    readonly engine: string,
  ) {
    super(
      `The network ${network} runs on engine ${engine}, which has no replicas: its L2 can't be derived from L1. Only engine op-stack has, with a manifest that says so under opStack.`,
    )
  }
}

/** A file is not the one that the manifest was made with. */
export class NetworkFileHashError extends BaseError {
  override readonly retry = false

  constructor(
    readonly file: string,
    readonly given: string,
    readonly expected: string,
    source = 'the manifest says',
  ) {
    super(`${file} has the SHA-256 ${given}, ${source} ${expected}. ${ANEW}`)
  }
}

/** A file's hash is right and what it says is not what the manifest says. */
export class NetworkFieldError extends BaseError {
  override readonly retry = false

  constructor(
    readonly file: string,
    readonly field: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(`${file} says ${given} for ${field}, the manifest says ${expected}. ${ANEW}`)
  }
}

export class GenesisHashError extends BaseError {
  override readonly retry = false

  constructor(
    readonly file: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(`${file} makes the block 0 ${given}, the manifest says ${expected}. ${ANEW}`)
  }
}

export class GenesisRefusedError extends BaseError {
  override readonly retry = false

  constructor(
    readonly file: string,
    readonly reason: string,
    cause: unknown,
  ) {
    super(`op-geth can't start from ${file}: ${reason}. ${ANEW}`, cause)
  }
}

/** The folder belongs to another network than the one that was given. */
export class OtherNetworkError extends BaseError {
  override readonly retry = false

  constructor(
    readonly dir: string,
    readonly what: string,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `The folder ${dir} belongs to another network: its ${what} is ${given}, that of the given one ${expected}. Give each network a folder of its own.`,
    )
  }
}

/** A folder that holds something and is not ours: nothing in it is touched. */
export class NotReplicaFolderError extends BaseError {
  override readonly retry = false

  constructor(
    readonly dir: string,
    readonly entries: readonly string[],
  ) {
    super(
      `The folder ${dir} is not a replica's: it holds ${entries.slice(0, 3).join(', ')}. Choose an empty or new one.`,
    )
  }
}

/** The chain id is right, the chain is not. */
export class L1BlockError extends BaseError {
  override readonly retry = false

  constructor(
    readonly url: string,
    readonly number: number,
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `Block ${number} of the L1 at ${url} is ${given}, the manifest says ${expected}. Give the RPC of that L1, one that is synced and has its old blocks.`,
    )
  }
}
