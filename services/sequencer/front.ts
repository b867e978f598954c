import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { isAddressEqual, isHex } from 'viem'
import { z } from 'zod'
import { predeploys } from '../../chain/generated/addresses.ts'
import { RefusedRequestError } from './errors.ts'
import { hashAt, type Network } from './network.ts'
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

const errorCodes = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
}
const maxBodyBytes = 5 << 20
const maxBatch = 500

const callSchema = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  method: z.string(),
  params: z.array(z.unknown()).default([]),
})
type Call = z.infer<typeof callSchema>

export function createFront(network: Network, l2NodeUrl: string): RequestListener {
  return (incoming, response) => {
    answer(network, l2NodeUrl, incoming, response).catch((error: unknown) => {
      network.log.error({ err: error }, 'front.bug')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
}

async function answer(
  network: Network,
  l2NodeUrl: string,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Wallets in browsers call from any origin.
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('access-control-allow-headers', 'content-type')
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS')
  if (incoming.method === 'OPTIONS') return void response.writeHead(204).end()
  if (incoming.method !== 'POST') return void response.writeHead(405, { allow: 'POST, OPTIONS' }).end()

  const body = await readBody(incoming)
  if (body === undefined) return void response.writeHead(413).end()
  const reply = await replyTo(body, (call) => serveCall(network, l2NodeUrl, call))
  response.writeHead(200, { 'content-type': 'application/json' }).end(reply)
}

/** The answer to a body that holds one call or a batch. The calls of a batch run in order: a sender's nonces depend on it. */
async function replyTo(body: string, serve: (call: Call) => Promise<string>): Promise<string> {
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

async function replyToOne(value: unknown, serve: (call: Call) => Promise<string>): Promise<string> {
  const result = callSchema.safeParse(value)
  if (!result.success) {
    const text = 'This is not a JSON-RPC 2.0 call: it needs jsonrpc "2.0", a method and an array of params.'
    return failure(null, new RefusedRequestError(errorCodes.invalidRequest, text))
  }
  try {
    return await serve(result.data)
  } catch (error) {
    if (error instanceof RefusedRequestError) return failure(result.data.id ?? null, error)
    throw error
  }
}

/** Serves one call under the locks, and answers the JSON text of its response. */
function serveCall(network: Network, l2NodeUrl: string, call: Call): Promise<string> {
  if (!served.has(call.method)) {
    const text = `The method ${call.method} is not served here. This is the public RPC of L2: what steers the node is for its operator.`
    throw new RefusedRequestError(errorCodes.methodNotFound, text)
  }
  const forward = () => passOn(l2NodeUrl, call)
  if (call.method === 'eth_sendRawTransaction') {
    refuseDeposit(call.params[0])
    return network.gate.read(() => network.heads.read(forward))
  }
  if (call.method !== 'eth_getProof') return network.heads.read(forward)
  return network.heads.read(async () => {
    const proof = await storedProof(network, call.params)
    return proof === undefined ? forward() : success(call.id ?? null, proof)
  })
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
  if (!isHex(address) || address.length !== 42 || !Array.isArray(slots) || !isHex(tag)) return undefined
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
  })
  return response.text()
}

async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming) {
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
