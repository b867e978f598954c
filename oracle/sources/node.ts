import { readFile } from 'node:fs/promises'
import type { Hash } from 'viem'
import { z } from 'zod'
import type { BitcoinChain } from '../bitcoinChain.ts'
import { InvalidBlockError } from '../errors.ts'
import { headerHash } from '../header.ts'
import { merkleBranch } from '../merkle.ts'
import { parseBlock } from '../rawBlock.ts'
import type { ProofSource } from './blockSource.ts'
import type { ChainClient } from './chainClient.ts'
import { createChainSource } from './chainSource.ts'
import {
  BlockPrunedError,
  BlockUnavailableError,
  CookieRefusedError,
  NodeRpcError,
  NodeSyncingError,
  SourceAnswerError,
  SourceFailedError,
  SourceRefusedError,
} from './errors.ts'
import { createHttp, type Http, type HttpParameters } from './http.ts'
import { bytesOfHex, hashText, parseAs } from './shapes.ts'

export type NodeCredentials =
  | { user: string; password: string }
  /** Bitcoin Core writes one at each start; it is read for each question. */
  | { cookieFile: string }

export type NodeParameters = HttpParameters & {
  chain: BitcoinChain
  credentials: NodeCredentials
  keptBlocks?: number
}

const outOfRange = {
  /** Bitcoin Core: an invalid parameter. */
  core: -8,
  /** btcd: its own code for heights, which Core uses for whatever else goes wrong. */
  btcd: -1,
}
const blockNotFound = -5
const miscellaneous = -1

const envelope = z.object({
  result: z.unknown(),
  error: z.object({ code: z.int(), message: z.string() }).nullish(),
})
const state = z.object({
  blocks: z.int().nonnegative(),
  headers: z.int().nonnegative(),
  bestblockhash: hashText,
  pruned: z.boolean(),
  // btcd leaves out what is false.
  initialblockdownload: z.boolean().optional(),
  pruneheight: z.int().optional(),
})

/** A Bitcoin node by its JSON-RPC: Bitcoin Core, btcd, and what answers like them. Raw headers and blocks only. */
export function createNodeSource({ chain, credentials, keptBlocks, ...http }: NodeParameters): ProofSource {
  const client = createNodeClient(createHttp(http), credentials)
  return createChainSource({ kind: 'node', chain, client, keptBlocks })
}

function createNodeClient(http: Http, credentials: NodeCredentials): ChainClient {
  const call = async (method: string, ...params: unknown[]) => {
    const { error, result } = await http.persist(() => ask(http, credentials, { method, params }))
    if (error != null) throw new NodeRpcError(method, error.code, error.message)
    return result
  }
  const readState = async () =>
    parseAs(state, await call('getblockchaininfo'), http.host, 'getblockchaininfo')
  const bytes = async (method: string, hash: Hash, verbosity: false | 0) =>
    bytesOfHex(await call(method, hash.slice(2), verbosity), http.host, method)

  return {
    async ready() {
      const { initialblockdownload, blocks, headers } = await readState()
      if (initialblockdownload === true) throw new NodeSyncingError(blocks, headers)
    },
    async tip() {
      const { blocks, bestblockhash } = await readState()
      return { height: blocks, hash: bestblockhash }
    },
    async hashAt(height) {
      try {
        return parseAs(hashText, await call('getblockhash', height), http.host, 'getblockhash')
      } catch (error) {
        if (hasCode(error, outOfRange.core, outOfRange.btcd)) return undefined
        throw error
      }
    },
    header: (hash) => bytes('getblockheader', hash, false),
    async body({ height, hash }) {
      const raw = await bytes('getblock', hash, 0).catch(async (error: unknown) => {
        if (!hasCode(error, blockNotFound, miscellaneous)) throw error
        // Both codes stand for more than one thing; what the node says of itself tells them apart.
        const { pruned, pruneheight } = await readState()
        if (pruned && height < (pruneheight ?? Number.POSITIVE_INFINITY)) {
          throw new BlockPrunedError(height, pruneheight)
        }
        throw new BlockUnavailableError(height, hash)
      })
      const { header, coinbase, txids } = parseBlock(raw)
      const found = headerHash(header)
      if (found !== hash) throw new InvalidBlockError(height, hash, 'a header of hash', found, hash)
      return { coinbase, branch: merkleBranch(txids, 0) }
    },
  }
}

type Call = { method: string; params: readonly unknown[] }

async function ask(http: Http, credentials: NodeCredentials, { method, params }: Call) {
  const { status, text } = await http.ask({
    what: method,
    headers: { authorization: await authorization(http, credentials) },
    body: { jsonrpc: '1.0', id: method, method, params },
  })
  if (status === 401 || status === 403) {
    if ('cookieFile' in credentials) throw new CookieRefusedError(http.host, credentials.cookieFile)
    throw new SourceRefusedError(http.host, status)
  }
  // An RPC error comes with status 500 from Core and 200 from btcd, a full queue with 503 and words.
  const answer = envelope.safeParse(jsonOrUndefined(text))
  if (!answer.success) {
    if (status >= 300) throw new SourceFailedError(http.host, method, status)
    throw new SourceAnswerError(http.host, method, 'it is not an answer of JSON-RPC')
  }
  return answer.data
}

async function authorization(http: Http, credentials: NodeCredentials): Promise<string> {
  const pair =
    'cookieFile' in credentials
      ? await readCookie(http, credentials.cookieFile)
      : `${credentials.user}:${credentials.password}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

async function readCookie({ host }: Http, cookieFile: string): Promise<string> {
  try {
    return (await readFile(cookieFile, 'utf8')).trim()
  } catch (cause) {
    throw new CookieRefusedError(host, cookieFile, cause)
  }
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function hasCode(error: unknown, ...codes: number[]): boolean {
  return error instanceof NodeRpcError && codes.includes(error.code)
}
