import { createPublicClient, custom, type PublicClient, RpcRequestError, BaseError as ViemError } from 'viem'
import { readShown } from '../../../../services/sequencer/blocks.ts'
import { HeadNotSavedError } from '../../../../services/sequencer/errors.ts'
import { type Network, request } from '../../../../services/sequencer/network.ts'

type Request = { method: string; params?: readonly unknown[] }

/** The embedded L2 as its users see it: the node behind the service's locks, as `front.ts` of the service has it, without HTTP. */
export function frontOf(network: Network): PublicClient {
  const provider = {
    request: async ({ method, params = [] }: Request) => {
      const ask = () => readShown(network, () => request(network.l2, method, params))
      try {
        return await (method === 'eth_sendRawTransaction' ? network.gate.read(ask) : ask())
      } catch (error) {
        throw explained({ method, params }, error)
      }
    },
  }
  return createPublicClient({
    transport: custom(provider, { retryCount: 2 }),
    cacheTime: 0,
    pollingInterval: 100,
  })
}

/** What its clients get instead of an error of the service's own. */
function explained(body: Request, error: unknown): unknown {
  const refuse = (code: number, message: string) =>
    new RpcRequestError({ url: 'http://front.invalid', body, error: { code, message } })
  if (error instanceof HeadNotSavedError) return refuse(-32_000, error.message)
  if (!(error instanceof ViemError)) return error
  const refusal = error.walk((cause) => cause instanceof RpcRequestError)
  return refusal ?? refuse(-32_603, 'The L2 node did not answer. Ask again.')
}
