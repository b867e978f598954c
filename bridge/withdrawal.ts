import {
  type Address,
  concatHex,
  decodeEventLog,
  encodeAbiParameters,
  fromRlp,
  getAbiItem,
  type Hash,
  type Hex,
  pad,
  toRlp,
  zeroHash,
} from 'viem'
import { l2ToL1MessagePasserAbi } from '../chain/generated/opAbi.ts'
import { keccak256 } from '../chain/keccak.ts'
import type { MinedLog } from './deposit.ts'
import { OutputRootMismatchError, WithdrawalHashMismatchError, ZeroOutputRootError } from './errors.ts'

/** The message as the portal takes it. */
export type WithdrawalTransaction = {
  nonce: bigint
  sender: Address
  target: Address
  value: bigint
  gasLimit: bigint
  data: Hex
}

export type Withdrawal = WithdrawalTransaction & {
  /** The id of the message. */
  hash: Hash
  origin: { blockNumber: bigint; blockHash: Hash; transactionHash: Hash; logIndex: number }
}

/** What an output root commits to. */
export type OutputRootProof = {
  version: Hash
  stateRoot: Hash
  messagePasserStorageRoot: Hash
  latestBlockhash: Hash
}

/** Alone: viem hashes the name of every event before the right one, for each log. */
const messagePassed = [getAbiItem({ abi: l2ToL1MessagePasserAbi, name: 'MessagePassed' })] as const

/** Reads one MessagePassed log, and checks the hash in it against the fields. */
export function decodeWithdrawal(log: MinedLog): Withdrawal {
  const { args } = decodeEventLog({ abi: messagePassed, ...log })
  const { nonce, sender, target, value, gasLimit, data } = args
  const transaction = { nonce, sender, target, value, gasLimit, data }
  const hash = withdrawalHash(transaction)
  if (hash !== args.withdrawalHash) throw new WithdrawalHashMismatchError(args.withdrawalHash, hash)
  return {
    ...transaction,
    hash,
    origin: {
      blockNumber: log.blockNumber,
      blockHash: log.blockHash,
      transactionHash: log.transactionHash,
      logIndex: log.logIndex,
    },
  }
}

const withdrawalTypes = [
  { type: 'uint256' },
  { type: 'address' },
  { type: 'address' },
  { type: 'uint256' },
  { type: 'uint256' },
  { type: 'bytes' },
] as const

export function withdrawalHash(transaction: WithdrawalTransaction): Hash {
  const { nonce, sender, target, value, gasLimit, data } = transaction
  return keccak256(encodeAbiParameters(withdrawalTypes, [nonce, sender, target, value, gasLimit, data]))
}

/** Where the message passer notes that this withdrawal was made. */
export function withdrawalSlot(hash: Hash): Hash {
  return keccak256(concatHex([hash, pad('0x00', { size: 32 })]))
}

export type OutputParts = { stateRoot: Hash; storageHash: Hash; blockHash: Hash }

export function outputRootProof({ stateRoot, storageHash, blockHash }: OutputParts): OutputRootProof {
  return {
    version: zeroHash,
    stateRoot,
    messagePasserStorageRoot: storageHash,
    latestBlockhash: blockHash,
  }
}

/** The root that stands for an L2 block on L1, version 0. */
export function outputRoot(proof: OutputRootProof): Hash {
  return keccak256(
    concatHex([proof.version, proof.stateRoot, proof.messagePasserStorageRoot, proof.latestBlockhash]),
  )
}

/** Refuses a root that may not be proposed or proven against. */
export function checkOutputRoot(l2BlockNumber: bigint, proof: OutputRootProof, proposed?: Hash): Hash {
  const computed = outputRoot(proof)
  const zero = [proof.stateRoot, proof.messagePasserStorageRoot, proof.latestBlockhash, proposed].includes(
    zeroHash,
  )
  if (zero) throw new ZeroOutputRootError(l2BlockNumber)
  if (proposed !== undefined && proposed !== computed) {
    throw new OutputRootMismatchError(l2BlockNumber, proposed, computed)
  }
  return computed
}

export type StorageProof = readonly Hex[]

/**
 * The proof that the portal takes. A leaf shorter than 32 bytes stands inside its branch, where the portal's trie walker does not
 * look: such a leaf is appended as a node of its own.
 */
export function maybeAddProofNode(slot: Hash, proof: StorageProof): StorageProof {
  const last = proof.at(-1)
  if (last === undefined) return proof
  const node = fromRlp(last, 'hex')
  if (!Array.isArray(node) || node.length !== 17) return proof

  const path = keccak256(slot)
  const inlined = node.filter((item) => {
    if (!Array.isArray(item) || typeof item[0] !== 'string') return false
    // A leaf's first nibble is 3 when the rest of the path is odd; 2, followed by a filler, when it is even.
    const rest = item[0][2] === '3' ? item[0].slice(3) : item[0].slice(4)
    return path.endsWith(rest)
  })
  return [...proof, ...inlined.map((item) => toRlp(item))]
}

export type ProveArguments = {
  transaction: WithdrawalTransaction
  outputRootProof: OutputRootProof
  proof: StorageProof
}

/** Everything `proveWithdrawalTransaction` takes besides the index of the output. */
export function proveArguments(
  withdrawal: Withdrawal,
  output: OutputParts,
  storageProof: StorageProof,
): ProveArguments {
  return {
    transaction: portalTransaction(withdrawal),
    outputRootProof: outputRootProof(output),
    proof: maybeAddProofNode(withdrawalSlot(withdrawal.hash), storageProof),
  }
}

export function portalTransaction(withdrawal: WithdrawalTransaction): WithdrawalTransaction {
  const { nonce, sender, target, value, gasLimit, data } = withdrawal
  return { nonce, sender, target, value, gasLimit, data }
}
