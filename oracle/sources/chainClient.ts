import type { Hash } from 'viem'
import type { BlockProof } from '../proofs/blockProof.ts'

/** What a service that holds a Bitcoin chain is asked for. Nothing that it answers is believed. */
export type ChainClient = {
  /** Throws while the service is not fit to be read. */
  ready(): Promise<void>
  tip(): Promise<{ height: number; hash: Hash }>
  /** Of the chain that is best now; undefined above its tip. */
  hashAt(height: number): Promise<Hash | undefined>
  header(hash: Hash): Promise<Uint8Array>
  /** The coinbase and its branch up to the Merkle root, over all txids of the block. */
  body(block: { height: number; hash: Hash }): Promise<Pick<BlockProof, 'coinbase' | 'branch'>>
  /** Compares what the service says about a block with the block. */
  crossCheck?(block: BlockProof): Promise<void>
}
