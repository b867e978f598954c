import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { type Hex, isAddressEqual, isHex, toHex } from 'viem'
import { z } from 'zod'
import { predeploys } from '../../chain/generated/addresses.ts'
import type { Log } from '../runtime/log.ts'
import { readShown } from './blocks.ts'
import { HeadNotSavedError, RefusedRequestError } from './errors.ts'
import { hashAt, type Network, request } from './network.ts'
import type { OutputRecord } from './records.ts'

// The public RPC of L2. It passes on what users need and nothing that steers the node; it waits while the head is not on
// disk; and for proposed heights it answers eth_getProof from the store, where the proofs outlive the node's state.

/** What is passed on. Everything that moves the clock, the state or the blocks is absent, and so is what panics anvil. */
const served = new Set([
  'eth_blockNumber',
  'eth_call',
  'eth_chainId',
  'eth_createAccessList',
  'eth_estimateGas',
  'eth_feeHistory',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getBlockReceipts',
  'eth_getBlockTransactionCountByHash',
  'eth_getBlockTransactionCountByNumber',
  'eth_getCode',
  'eth_getFilterChanges',
  'eth_getFilterLogs',
  'eth_getLogs',
  'eth_getProof',
  'eth_getStorageAt',
  'eth_getTransactionByBlockHashAndIndex',
  'eth_getTransactionByBlockNumberAndIndex',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_getUncleCountByBlockHash',
  'eth_getUncleCountByBlockNumber',
  'eth_maxPriorityFeePerGas',
  'eth_newBlockFilter',
  'eth_newFilter',
  'eth_newPendingTransactionFilter',
  'eth_protocolVersion',
  'eth_sendRawTransaction',
  'eth_syncing',
  'eth_uninstallFilter',
  'net_listening',
  'net_version',
  'web3_clientVersion',
  'web3_sha3',
])

/** What runs a call. A node runs it with as much gas as it says, and stands still meanwhile. */
const executing = new Set(['eth_call', 'eth_createAccessList', 'eth_estimateGas'])

const errorCodes = {
  server: -32_000,
  limitExceeded: -32_005,
  internal: -32_603,
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
}
const maxBodyBytes = 5 << 20
const maxBatch = 500
/** L2's block gas limit: more than that no transaction can use. */
const maxCallGas = 30_000_000n
const maxSlots = 1_024
const maxPercentiles = 100
/** Transactions that wait for a block. */
const maxPending = 1_024
const nodeTimeoutMs = 20_000

const callSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string(),
  params: z.array(z.unknown()).default([]),
})
type Call = z.infer<typeof callSchema>

type Serve = (call: Call) => Promise<string>

export function createFront(network: Network, l2NodeUrl: string): RequestListener {
  return listener(network.log, (call) => serveOrExplain(network, l2NodeUrl, call))
}

/** Refuses every call for one reason, as a wallet understands it. For a service that can put no block on disk. */
export function createClosedFront(log: Log, reason: string): RequestListener {
  const refusal = new RefusedRequestError(errorCodes.server, `L2 stands still. ${reason}`)
  return listener(log, (call) => Promise.resolve(failure(call.id ?? null, refusal)))
}

function listener(log: Log, serve: Serve): RequestListener {
  return (incoming, response) => {
    answer(serve, incoming, response).catch((error: unknown) => {
      // The client went away in the middle of its request.
      if (incoming.errored === null) log.error({ err: error }, 'front.bug')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
}

async function answer(serve: Serve, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  // Wallets in browsers call from any origin.
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', 'content-type')
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
  if (incoming.method === 'OPTIONS') return void response.writeHead(204).end()
  if (incoming.method !== 'POST') return void response.writeHead(405, { allow: 'POST, OPTIONS' }).end()

  const body = await readBody(incoming)
  if (body === undefined) return void response.writeHead(413, { connection: 'close' }).end()
  const reply = await replyTo(body, serve)
  response.writeHead(200, { 'content-type': 'application/json' }).end(reply)
}

/** The answer to a body that holds one call or a batch. The calls of a batch run in order: a sender's nonces depend on it. */
async function replyTo(body: string, serve: Serve): Promise<string> {
  const parsed = parseJson(body)
  if (parsed === undefined)
    return failure(null, new RefusedRequestError(errorCodes.parse, 'The body is not JSON.'))
  if (!Array.isArray(parsed)) return replyToOne(parsed, serve)
  if (parsed.length === 0 || parsed.length > maxBatch) {
    const text = `A batch holds 1 to ${maxBatch} calls, this one ${parsed.length}. Split it.`
    return failure(null, new RefusedRequestError(errorCodes.invalidRequest, text))
  }
  const replies: string[] = []
  for (const call of parsed) replies.push(await replyToOne(call, serve))
  return `[${replies.join(',')}]`
}

async function replyToOne(value: unknown, serve: Serve): Promise<string> {
  const result = callSchema.safeParse(value)
  if (!result.success) {
    const text = 'This is not a JSON-RPC 2.0 call: it needs jsonrpc "2.0", a method and an array of params.'
    return failure(null, new RefusedRequestError(errorCodes.invalidRequest, text))
  }
  return serve(result.data)
}

async function serveOrExplain(network: Network, l2NodeUrl: string, call: Call): Promise<string> {
  try {
    return await serveCall(network, l2NodeUrl, call)
  } catch (error) {
    return failure(call.id ?? null, explained(network, error))
  }
}

function explained(network: Network, error: unknown): RefusedRequestError {
  if (error instanceof RefusedRequestError) return error
  if (error instanceof HeadNotSavedError) return new RefusedRequestError(errorCodes.server, error.message)
  if (error instanceof RangeError) {
    return new RefusedRequestError(errorCodes.invalidParams, 'The params are nested too deeply.')
  }
  network.log.warn({ err: error }, 'front.node.silent')
  return new RefusedRequestError(errorCodes.internal, 'The L2 node did not answer. Ask again.')
}

/** Serves one call under the locks, and answers the JSON text of its response. */
async function serveCall(network: Network, l2NodeUrl: string, given: Call): Promise<string> {
  const call = withinLimits(given)
  if (!served.has(call.method)) {
    const text = `The method ${call.method} is not served here. This is the public RPC of L2: what steers the node is for its operator.`
    throw new RefusedRequestError(errorCodes.methodNotFound, text)
  }
  const forward = () => passOn(l2NodeUrl, call)
  if (call.method === 'eth_sendRawTransaction') {
    refuseDeposit(call.params[0])
    return network.gate.read(() =>
      readShown(network, async () => {
        await refuseFullPool(network)
        return forward()
      }),
    )
  }
  if (call.method !== 'eth_getProof') return readShown(network, forward)
  return readShown(network, async () => {
    const proof = await storedProof(network, call.params)
    return proof === undefined ? forward() : success(call.id ?? null, proof)
  })
}

/** The call with no more work in it than a block may hold. */
function withinLimits(call: Call): Call {
  const { method, params } = call
  const refuse = (text: string) => new RefusedRequestError(errorCodes.invalidParams, text)
  if (method === 'eth_getProof' && Array.isArray(params[1]) && params[1].length > maxSlots) {
    throw refuse(`A proof holds up to ${maxSlots} slots, this one ${params[1].length}. Split it.`)
  }
  if (method === 'eth_feeHistory' && Array.isArray(params[2]) && params[2].length > maxPercentiles) {
    throw refuse(`Up to ${maxPercentiles} percentiles are served, not ${params[2].length}.`)
  }
  if (!executing.has(method)) return call
  if (params.length > 3) throw refuse('Block overrides are not served here.')
  const transaction = transactionSchema.safeParse(params[0])
  if (!transaction.success)
    throw refuse('The first of the params is a transaction: an object, its gas in hex.')
  return { ...call, params: [transaction.data, ...params.slice(1)] }
}

const cappedGas = z
  .string()
  .regex(/^0x[0-9a-fA-F]+$/)
  .transform((gas) => (BigInt(gas) > maxCallGas ? toHex(maxCallGas) : gas))
const transactionSchema = z.looseObject({
  gas: cappedGas.nullish(),
  gasLimit: cappedGas.nullish(),
})

async function refuseFullPool({ l2 }: Network): Promise<void> {
  const { pending } = await request<{ pending: Hex }>(l2, 'txpool_status')
  if (BigInt(pending) < maxPending) return
  const text = `${maxPending} transactions wait for a block already. Send yours again in a moment.`
  throw new RefusedRequestError(errorCodes.limitExceeded, text)
}

/** On OP only L1 makes deposits: one that anybody could send would mint ether out of nothing. */
function refuseDeposit(raw: unknown): void {
  if (!isHex(raw))
    throw new RefusedRequestError(errorCodes.invalidParams, 'A raw transaction is a hex string.')
  if (raw.toLowerCase().startsWith('0x7e')) {
    const text = 'Deposit transactions (type 0x7e) come from L1 alone. Send the deposit to the portal on L1.'
    throw new RefusedRequestError(errorCodes.invalidParams, text)
  }
}

async function storedProof(network: Network, [address, slots, tag]: readonly unknown[]): Promise<unknown> {
  if (!isHex(address) || address.length !== 42 || !Array.isArray(slots)) return undefined
  if (!isHex(tag) || tag.length <= 2) return undefined
  if (!isAddressEqual(address, predeploys.L2ToL1MessagePasser)) return undefined
  const output = await network.store.output(BigInt(tag))
  if (output === undefined || (await hashAt(network.l2, output.number)) !== output.blockHash) return undefined
  const wanted = slots.map((slot) => entryOf(output, slot))
  if (wanted.includes(undefined)) return undefined
  return { ...output.proof, storageProof: wanted }
}

function entryOf({ proof }: OutputRecord, slot: unknown) {
  if (!isHex(slot) || slot.length <= 2) return undefined
  return proof.storageProof.find(({ key }) => BigInt(key) === BigInt(slot))
}

async function passOn(url: string, call: Call): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...call, id: call.id ?? null }),
    signal: AbortSignal.timeout(nodeTimeoutMs),
  })
  return response.text()
}

async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function success(id: Call['id'], result: unknown): string {
  return JSON.stringify({ jsonrpc: '2.0', id, result })
}

function failure(id: Call['id'], { code, message }: RefusedRequestError): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
