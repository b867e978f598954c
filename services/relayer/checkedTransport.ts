import {
  type EIP1193RequestOptions,
  http,
  RpcRequestError,
  type Transport,
  BaseError as ViemError,
} from 'viem'
import { nodeIsSilent } from '../runtime/loop.ts'
import { NodeAnswerError } from './errors.ts'

/*
 * A node may answer a question by something that is no answer: null, words, another one's object. The library would fail over that
 * with JavaScript's own errors, which look like mistakes of ours. Here they become what they are, and are asked again.
 */

const quantity = /^0x(0|[1-9a-f][0-9a-f]*)$/
const quantities = new Set([
  'eth_blockNumber',
  'eth_chainId',
  'eth_estimateGas',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getTransactionCount',
  'eth_maxPriorityFeePerGas',
])
/** Fields of an object that are read as numbers. */
const numbersOf: Readonly<Record<string, readonly string[]>> = {
  eth_getBlockByNumber: ['number', 'timestamp', 'gasLimit', 'gasUsed'],
  eth_getTransactionByHash: ['nonce', 'value'],
  eth_getTransactionReceipt: ['blockNumber', 'gasUsed', 'status', 'transactionIndex'],
}
/** What may be missing, and is null then; no block is asked for that the chain may lack. */
const optional = new Set(['eth_getTransactionByHash', 'eth_getTransactionReceipt'])

/** HTTP to an L2 node, several questions in one request, whose answers have at least the form that was asked for. */
export function checkedTransport(url: string): Transport {
  const inner = http(url, { batch: true })
  return (parameters) => {
    const transport = inner(parameters)
    const request = async (asked: { method: string; params?: unknown }, options?: EIP1193RequestOptions) => {
      const { method } = asked
      const result = await transport.request(asked, options).catch((error: unknown) => {
        throw isNoAnswer(method, error) ? new NodeAnswerError(`${method} was not answered.`, error) : error
      })
      if (!isOfForm(method, result)) {
        throw new NodeAnswerError(`${method} was answered by something else.`, undefined)
      }
      return result
    }
    // Safe: it asks what it is asked, and answers what is answered.
    return { ...transport, request: request as typeof transport.request }
  }
}

/** Not a silent node, which the library names itself, nor a call that is refused, whose reason somebody reads. */
function isNoAnswer(method: string, error: unknown): boolean {
  if (!(error instanceof ViemError)) return true
  if (nodeIsSilent(error) || method === 'eth_sendRawTransaction' || method === 'eth_estimateGas') return false
  const withData = error.walk((cause) => cause instanceof RpcRequestError && cause.data !== undefined)
  return withData === null && !/revert/i.test(error.details)
}

export function isOfForm(method: string, result: unknown): boolean {
  if (quantities.has(method)) return typeof result === 'string' && quantity.test(result)
  const numbers = numbersOf[method]
  if (numbers === undefined || (optional.has(method) && result === null)) return true
  if (typeof result !== 'object' || result === null) return false
  const fields = new Map(Object.entries(result))
  return numbers.every((name) => {
    const value: unknown = fields.get(name)
    return typeof value === 'string' && quantity.test(value)
  })
}
