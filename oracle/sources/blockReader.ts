import type { Hash } from 'viem'
import type { BitcoinChain } from '../bitcoinChain.ts'
import { checkHeader, isRetarget } from '../chainRules.ts'
import { InvalidBlockError } from '../errors.ts'
import { headerHash, parseHeader } from '../header.ts'
import { medianTimeSpan } from '../medianTime.ts'
import { type BlockProof, proveBlock } from '../proofs/blockProof.ts'
import { blocksPerRetarget } from '../target.ts'
import type { ChainClient } from './chainClient.ts'
import { NoBlockAtHeightError } from './errors.ts'

export type BlockReaderParameters = { chain: BitcoinChain; client: ChainClient; keptBlocks: number }

/** Single blocks of a service, each checked from its bytes and kept. */
export function createBlockReader({ chain, client, keptBlocks }: BlockReaderParameters) {
  // By hash, which commits to everything in them and before them.
  const headers = keepLast<Hash, Uint8Array>(keptBlocks + blocksPerRetarget)
  const proofs = keepLast<Hash, BlockProof>(keptBlocks)

  async function blockOf(height: number, hash: Hash): Promise<BlockProof> {
    const kept = proofs.get(hash)
    if (kept?.height === height) return kept
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

  return { blockOf }
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
