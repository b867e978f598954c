import type { BitcoinChain } from '../bitcoinChain.ts'
import { parseHeader } from '../header.ts'
import type { BlockProof } from '../proofs/blockProof.ts'
import { createBlockReader } from './blockReader.ts'
import { type BlockSource, confirmations, type ProofSource } from './blockSource.ts'
import type { ChainClient } from './chainClient.ts'
import { ChainReorganisedError, NoBlockAtHeightError, WrongChainError } from './errors.ts'
import { createKnownLine } from './knownLine.ts'

export type ChainSourceParameters = {
  kind: BlockSource['kind']
  chain: BitcoinChain
  client: ChainClient
  /** Blocks kept, so that a day is not read anew each time that somebody looks whether it is complete. */
  keptBlocks?: number | undefined
}

/**
 * The chain that a service shows, each block checked from its bytes: hash, link, work, target, time, Merkle root. Which of two
 * valid chains is the best one is what the service is trusted for. A chain that is reorganised under a reader ends its reading with
 * ChainReorganisedError; the next reading follows the new one.
 */
export function createChainSource({
  kind,
  chain,
  client,
  keptBlocks = 1_024,
}: ChainSourceParameters): ProofSource {
  const { blockOf } = createBlockReader({ chain, client, keptBlocks })
  const line = createKnownLine(keptBlocks)

  async function* blocks(afterHeight = chain.firstHeight - 1): AsyncGenerator<BlockProof, void, undefined> {
    await checkService()
    let previous: BlockProof | undefined
    for (let height = afterHeight + 1; ; height++) {
      const block = await blockAt(height)
      if (block === undefined) return
      const { hash } = block
      const { previousHash } = parseHeader(block.header)
      if (previous !== undefined && previousHash !== previous.hash) {
        throw new ChainReorganisedError(height, previousHash, previous.hash)
      }
      line.extend({ height, hash, previousHash })
      yield block
      previous = block
    }
  }

  async function proofOf(height: number): Promise<BlockProof> {
    await checkService()
    const block = await blockAt(height)
    if (block === undefined) throw new NoBlockAtHeightError(height)
    return block
  }

  async function tip() {
    await checkService()
    return client.tip()
  }

  /** Each time: the service may have been started anew on other data, and the chain may be another. */
  async function checkService(): Promise<void> {
    await client.ready()
    const top = line.top()
    if (top !== undefined && (await client.hashAt(top.height)) === top.hash) return
    line.clear()
    const { height, hash } = chain.anchor
    const found = await client.hashAt(height)
    if (found !== hash) throw new WrongChainError(chain.name, height, found, hash)
  }

  async function blockAt(height: number): Promise<BlockProof | undefined> {
    const hash = line.hashAt(height) ?? (await client.hashAt(height))
    return hash === undefined ? undefined : blockOf(height, hash)
  }

  return { kind, confirmations, blocks, tip, proofOf }
}
