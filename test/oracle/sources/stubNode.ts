import { z } from 'zod'
import { rawBlock, type StubChain } from './stubChain.ts'
import { type Answer, type StubService, startStubService } from './stubService.ts'

export type NodeState = {
  initialblockdownload?: boolean
  headers?: number
  pruned?: boolean
  pruneheight?: number
}

export type StubNode = StubService & { state: NodeState; credentials: { user: string; password: string } }

const question = z.object({ id: z.unknown(), method: z.string(), params: z.array(z.unknown()) })

/** Speaks as Bitcoin Core does: errors with status 500, -8 above the tip, -1 for a pruned block, -5 for an unknown one. */
export async function startStubNode(chain: StubChain): Promise<StubNode> {
  const state: NodeState = {}
  const credentials = { user: 'reader', password: 'secret' }

  const service = await startStubService({
    questionOf: (_request, body) => question.parse(JSON.parse(body)).method,
    answer(_question, request, body) {
      const { user, password } = credentials
      const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
      if (request.headers.authorization !== expected) return { status: 401, body: '' }
      const { id, method, params } = question.parse(JSON.parse(body))
      return resultOf(chain, state, method, params, id)
    },
  })
  return { ...service, state, credentials }
}

function resultOf(
  chain: StubChain,
  state: NodeState,
  method: string,
  [first, second]: unknown[],
  id: unknown,
): Answer {
  const result = (value: unknown): Answer => ({ body: JSON.stringify({ result: value, error: null, id }) })
  const error = (code: number, message: string): Answer => ({
    status: 500,
    body: JSON.stringify({ result: null, error: { code, message }, id }),
  })
  if (method === 'getblockchaininfo') {
    const { height, hash } = chain.tip()
    const tip = { blocks: height, headers: height, bestblockhash: hash.slice(2) }
    return result({ chain: 'main', ...tip, initialblockdownload: false, pruned: false, ...state })
  }
  if (method === 'getblockhash') {
    const found = chain.at(Number(first))
    return found === undefined ? error(-8, 'Block height out of range') : result(found.hash.slice(2))
  }
  const block = chain.find(String(first))
  if (block === undefined) return error(-5, 'Block not found')
  if (method === 'getblockheader' && second === false)
    return result(Buffer.from(block.header).toString('hex'))
  if (method === 'getblock' && second === 0) {
    if (state.pruned && block.height < (state.pruneheight ?? 0)) {
      return error(-1, 'Block not available (pruned data)')
    }
    return result(Buffer.from(rawBlock(block)).toString('hex'))
  }
  return error(-32_601, 'Method not found')
}
