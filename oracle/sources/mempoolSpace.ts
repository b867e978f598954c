import { z } from 'zod'
import type { BitcoinChain } from '../bitcoinChain.ts'
import { InvalidBlockError } from '../errors.ts'
import { fromDisplay } from '../hash256.ts'
import { merkleBranch } from '../merkle.ts'
import type { BlockProof } from '../proofs/blockProof.ts'
import type { ProofSource } from './blockSource.ts'
import type { ChainClient } from './chainClient.ts'
import { createChainSource } from './chainSource.ts'
import { BlockUnavailableError, SourceAnswerError, SourceFailedError } from './errors.ts'
import { createHttp, type Http, type HttpParameters } from './http.ts'
import { bytesOfHex, hashText, parseAs } from './shapes.ts'

export type MempoolSpaceParameters = HttpParameters & {
  chain: BitcoinChain
  /** Whether it has mempool.space's own `/api/v1/block`, which plain Esplora has not: its words are compared with the block. */
  hasExtras?: boolean
  keptBlocks?: number
}

const heightText = z
  .string()
  .regex(/^(0|[1-9]\d{0,9})$/)
  .transform(Number)
const txidsOfBlock = z.array(hashText).min(1)
const satoshi = z.int().nonnegative()
const blockWithExtras = z.object({
  height: z.int().nonnegative(),
  mediantime: z.int().nonnegative(),
  extras: z.object({ totalFees: satoshi, reward: satoshi }),
})

/** A REST service in the way of mempool.space or Esplora. Header and coinbase are checked as from a node. */
export function createMempoolSpaceSource({
  chain,
  hasExtras = true,
  keptBlocks,
  ...http
}: MempoolSpaceParameters): ProofSource {
  const client = createRestClient(createHttp(http), hasExtras)
  return createChainSource({ kind: 'mempool.space', chain, client, keptBlocks })
}

function createRestClient(http: Http, hasExtras: boolean): ChainClient {
  /** The text behind a path; undefined where the service knows nothing of it. */
  const find = (path: string) =>
    http.persist(async () => {
      const { status, text } = await http.ask({ what: path, path })
      if (status === 404) return undefined
      if (status !== 200) throw new SourceFailedError(http.host, path, status)
      return text
    })
  const get = async (path: string) => {
    const text = await find(path)
    if (text === undefined) throw new SourceFailedError(http.host, path, 404)
    return text
  }
  const hashAt: ChainClient['hashAt'] = async (height) => {
    const text = await find(`/api/block-height/${height}`)
    return text === undefined ? undefined : parseAs(hashText, text, http.host, 'a block hash')
  }

  return {
    ready: async () => {},
    hashAt,
    async tip() {
      const path = '/api/blocks/tip/height'
      const height = parseAs(heightText, await get(path), http.host, path)
      const hash = await hashAt(height)
      if (hash === undefined) throw new SourceFailedError(http.host, `/api/block-height/${height}`, 404)
      return { height, hash }
    },
    header: async (hash) => {
      const path = `/api/block/${hash.slice(2)}/header`
      return bytesOfHex(await get(path), http.host, path)
    },
    async body({ height, hash }) {
      const path = `/api/block/${hash.slice(2)}/txids`
      const text = await find(path)
      if (text === undefined) throw new BlockUnavailableError(height, hash)
      const txids = parseAs(txidsOfBlock, parseJson(text, http.host, path), http.host, path)
      const coinbasePath = `/api/tx/${txids[0]?.slice(2)}/hex`
      const coinbase = bytesOfHex(await get(coinbasePath), http.host, coinbasePath)
      return { coinbase, branch: merkleBranch(txids.map(fromDisplay), 0) }
    },
    ...(hasExtras ? { crossCheck: (block) => compareExtras(block, http, get) } : {}),
  }
}

async function compareExtras(block: BlockProof, { host }: Http, get: (path: string) => Promise<string>) {
  const { height, hash, medianTime, subsidy, fees } = block
  const path = `/api/v1/block/${hash.slice(2)}`
  const said = parseAs(blockWithExtras, parseJson(await get(path), host, path), host, path)
  // Not its fees: a miner may claim less than the transactions pay.
  const pairs = [
    ['the height', said.height, height],
    ['the median time', said.mediantime, medianTime],
    ['the reward', BigInt(said.extras.reward), subsidy + fees],
  ] as const
  for (const [what, given, found] of pairs) {
    if (given !== found) throw new InvalidBlockError(height, hash, `${what} by ${host}`, given, found)
  }
}

function parseJson(text: string, host: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new SourceAnswerError(host, what, 'it is not JSON')
  }
}
