import type { Client } from 'viem'

/** The methods of anvil that the engine uses, as [parameters, answer]. */
export type AnvilMethods = {
  anvil_dumpState: [[preserveHistory: boolean], `0x${string}`]
  anvil_setBalance: [[address: string, value: string], null]
  anvil_setCode: [[address: string, code: string], null]
  anvil_setNonce: [[address: string, nonce: string], null]
  anvil_setStorageAt: [[address: string, slot: string, value: string], boolean]
  anvil_impersonateAccount: [[address: string], null]
  evm_mine: [[], string]
  evm_setAutomine: [[on: boolean], null]
}

/** One call of a method that viem does not know for an ordinary client. */
export function anvil<Method extends keyof AnvilMethods>(
  client: Client,
  method: Method,
  params: AnvilMethods[Method][0],
): Promise<AnvilMethods[Method][1]> {
  return client.request<{ Method: Method; Parameters: typeof params; ReturnType: AnvilMethods[Method][1] }>({
    method,
    params,
  })
}
