import type { Hash } from 'viem'
import type { BitcoinChain } from '../bitcoinChain.ts'
import { checkHeader, isRetarget } from '../chainRules.ts'
import { InvalidBlockError } from '../errors.ts'
import { headerHash, parseHeader } from '../header.ts'
import { medianTimeSpan } from '../medianTime.ts'
import { type BlockProof, proveBlock } from '../proofs/blockProof.ts'
import { blocksPerRetarget } from '../target.ts'
import type { BlockSource, ProofSource } from './blockSource.ts'
import { ChainReorganisedError, NoBlockAtHeightError, WrongChainError } from './errors.ts'
import { createKnownLine } from './knownLine.ts'

/** What a service that holds a Bitcoin chain is asked for. Nothing that it answers is believed. */
export type ChainClient = {
  /** Throws while the service is not fit to be read. */
  ready(): Promise<void>
  tip(): Promise<{ height: number; hash: Hash }>
  /** Of the chain that is best now; undefined above its tip. */
  hashAt(height: number): Promise<Hash | undefined>
  header(hash: Hash): Promise<Uint8Array>
  body(block: { height: number; hash: Hash }): Promise<{ coinbase: Uint8Array; txids: Uint8Array[] }>
  /** Compares what the service says about a block with the block. */
  crossCheck?(block: BlockProof): Promise<void>
}

export type ChainSourceParameters = {
  kind: BlockSource['kind']
  chain: BitcoinChain
  client: ChainClient
  /** Blocks kept, so that a day is not read anew each time that somebody looks whether it is complete. */
  keptBlocks?: number | undefined
}

const confirmations = 6

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
  // By hash, which commits to everything in them and before them.
  const headers = keepLast<Hash, Uint8Array>(keptBlocks + blocksPerRetarget)
  const proofs = keepLast<Hash, BlockProof>(keptBlocks)

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

  async function blockOf(height: number, hash: Hash): Promise<BlockProof> {
    const kept = proofs.get(hash)
    if (kept !== undefined) return kept
    const header = await headerOf(height, hash)
    const ancestors = await ancestorsOf(height, header)
    checkHeader({ chain, height, header, ancestors, epochStart: await epochStartBefore(height) })
    const previousTimes = ancestors.map((ancestor) => parseHeader(ancestor).time)
    const body = await client.body({ height, hash })
    const block = proveBlock({ chain, height, header, previousTimes, ...body })
    await client.crossCheck?.(block)
    proofs.set(hash, block)
    return block
  }

  async function headerOf(height: number, hash: Hash): Promise<Uint8Array> {
    const kept = headers.get(hash)
    if (kept !== undefined) return kept
    const header = await client.header(hash)
    const found = headerHash(header)
    if (found !== hash) throw new InvalidBlockError(height, hash, 'a header of hash', found, hash)
    headers.set(hash, header)
    return header
  }

  /** The eleven headers before this one, oldest first, by its own link: whatever is best meanwhile. */
  async function ancestorsOf(height: number, header: Uint8Array): Promise<Uint8Array[]> {
    const ancestors: Uint8Array[] = []
    const count = Math.min(medianTimeSpan, height - chain.firstHeight)
    for (let child = header; ancestors.length < count; ) {
      child = await headerOf(height - 1 - ancestors.length, parseHeader(child).previousHash)
      ancestors.push(child)
    }
    return ancestors.reverse()
  }

  async function epochStartBefore(height: number): Promise<number | undefined> {
    if (!isRetarget(height, chain)) return undefined
    const first = height - blocksPerRetarget
    const hash = await client.hashAt(first)
    if (hash === undefined) throw new NoBlockAtHeightError(first)
    return parseHeader(await headerOf(first, hash)).time
  }

  return { kind, confirmations, blocks, tip, proofOf }
}

function keepLast<Key, Value>(limit: number): Pick<Map<Key, Value>, 'get' | 'set'> {
  const kept = new Map<Key, Value>()
  return {
    get: (key) => kept.get(key),
    set(key, value) {
      kept.set(key, value)
      const [oldest] = kept.keys()
      if (kept.size > limit && oldest !== undefined) kept.delete(oldest)
      return kept
    },
  }
}
