import type { Hash } from 'viem'
import { BaseError } from '../chain/errors.ts'

/** Base of what no repetition mends: wrong bytes, wrong rows, a broken chain. */
abstract class DataError extends BaseError {
  override readonly retry = false
}

export class CompactTargetError extends DataError {
  constructor(
    readonly bits: number,
    readonly reason: string,
  ) {
    super(
      `The compact target 0x${bits.toString(16).padStart(8, '0')} is ${reason}. A header that carries it is not valid.`,
    )
  }
}

export class TargetRangeError extends DataError {
  constructor(readonly target: bigint) {
    super(`The target ${target} is not between 1 and 2^256-1. Take it from a header's nBits.`)
  }
}

export class HeaderLengthError extends DataError {
  constructor(readonly length: number) {
    super(`A Bitcoin header has 80 bytes, not ${length}. Cut the input at header boundaries.`)
  }
}

export class TransactionFormatError extends DataError {
  constructor(
    readonly offset: number,
    readonly reason: string,
  ) {
    super(
      `The transaction is malformed at byte ${offset}: ${reason}. Pass exactly one serialised transaction.`,
    )
  }
}

export class BlockFormatError extends DataError {
  constructor(
    readonly offset: number,
    readonly reason: string,
  ) {
    super(`The block is malformed at byte ${offset}: ${reason}. Pass exactly one serialised block.`)
  }
}

export class NotCoinbaseError extends DataError {
  constructor(readonly reason: string) {
    super(`The transaction is not a coinbase: ${reason}. Pass the first transaction of a block.`)
  }
}

export class MerkleTreeError extends DataError {
  constructor(
    readonly index: number,
    readonly leaves: number,
  ) {
    super(`There is no leaf ${index} in a Merkle tree of ${leaves}. Count from 0 and pass every txid.`)
  }
}

export class NoBlocksError extends DataError {
  constructor(readonly what: string) {
    super(`${what} needs at least one block and got none.`)
  }
}

/** A source left a hole or went back: totals over it would be wrong without anyone seeing it. */
export class BlockSequenceError extends DataError {
  constructor(
    readonly height: number,
    readonly expected: number,
  ) {
    super(
      `The source gave block ${height} where block ${expected} follows. Repair the source; no day is closed over a gap.`,
    )
  }
}

export class MedianTimeBackwardsError extends DataError {
  constructor(
    readonly height: number,
    readonly medianTime: number,
    readonly previous: number,
  ) {
    super(
      `Block ${height} has median time past ${medianTime}, before ${previous} of its predecessor or its day. Repair the source.`,
    )
  }
}

/** A day counts only from its first block on; a source that begins inside it would understate it. */
export class DayStartUnknownError extends DataError {
  constructor(
    readonly day: number,
    readonly height: number,
  ) {
    super(
      `The source begins with block ${height}, not before day ${day}: the start of that day is not seen. Begin with a block of an earlier day.`,
    )
  }
}

export class RewardIndexRangeError extends DataError {
  constructor(
    readonly work: bigint,
    readonly unitWork: bigint,
  ) {
    super(
      `An index needs work > 0 and work per unit > 0, not work ${work} and ${unitWork}. Check the day's totals and the network's unit.`,
    )
  }
}

export class ReportRangeError extends DataError {
  constructor(
    readonly field: string,
    readonly value: bigint,
    readonly limit: bigint,
  ) {
    super(`The report's ${field} is ${value}, outside 0 to ${limit}. Check the totals of that day.`)
  }
}

/** The file cannot be read: absent, no right, a failing disk. */
export class SourceFileError extends DataError {
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`The data file ${path} cannot be read. Check the path in HASHSAND_DATA and its rights.`, cause)
  }
}

export class SourceColumnsError extends DataError {
  constructor(
    readonly path: string,
    readonly found: string,
    readonly expected: string,
  ) {
    super(`The file ${path} has the columns "${found}" instead of "${expected}". Take the file anew.`)
  }
}

/** A field is empty or not what its column holds. An empty field is missing, never zero. */
export class SourceFieldError extends DataError {
  constructor(
    readonly path: string,
    readonly line: number,
    readonly column: string,
    readonly value: string,
  ) {
    super(
      `${path}:${line}: ${column} is ${value === '' ? 'missing' : `"${value}"`}. Repair that line or take the file anew.`,
    )
  }
}

export class NoTargetError extends DataError {
  constructor(
    readonly height: number,
    readonly path: string,
  ) {
    super(`${path} has no target for block ${height}. Add the row of its difficulty epoch.`)
  }
}

/** The chain that a source shows is not the one that a day was closed on. */
export class BlockReplacedError extends DataError {
  constructor(
    readonly height: number,
    readonly known: string,
    readonly found: string | undefined,
  ) {
    super(
      `A closed day ends with block ${height}, ${known}; the source now has ${found ?? 'none'} there. Find out which chain is right before anything more is signed.`,
    )
  }
}

/** A block breaks a rule of its chain, or its parts do not belong together: who gave it is wrong, by mistake or on purpose. */
export class InvalidBlockError extends DataError {
  constructor(
    readonly height: number,
    readonly hash: Hash,
    readonly what: string,
    readonly given: unknown,
    readonly expected: unknown,
  ) {
    super(`Block ${height}, ${hash}, has ${what} ${given}, expected ${expected}. Do not use this source.`)
  }
}

/** Headers that do not form a chain prove nothing together. */
export class BrokenChainError extends DataError {
  constructor(
    readonly height: number,
    readonly previousHash: Hash,
    readonly expected: Hash,
  ) {
    super(`Block ${height} follows ${previousHash}, not ${expected}. Read both blocks anew from one chain.`)
  }
}

export class ProofRangeError extends DataError {
  constructor(
    readonly what: string,
    readonly given: number,
    readonly limit: string,
  ) {
    super(`A proof with ${what} ${given} cannot be sent, the limit is ${limit}. Cut it differently.`)
  }
}
