import type { Client } from 'viem'

/** The methods of anvil that the engine uses, as [parameters, answer]. */
export type AnvilMethods = {
  anvil_dumpState: [[preserveHistory: boolean], `0x${string}`]
  anvil_setBalance: [[address: string, value: string], null]
  anvil_setCode: [[address: string, code: string], null]
  anvil_setNonce: [[address: string, nonce: string], null]
  anvil_setStorageAt: [[address: string, slot: string, value: string], boolean]
  anvil_setCoinbase: [[address: string], null]
  anvil_impersonateAccount: [[address: string], null]
  eth_sendTransaction: [[transaction: Record<string, string>], string]
  eth_getTransactionReceipt: [[hash: string], { status: string } | null]
  evm_mine: [[], string]
  evm_setTime: [[seconds: number], number]
  evm_setAutomine: [[on: boolean], null]
}

/** One call of a method that viem does not know for an ordinary client. */
export function anvil<Method extends keyof AnvilMethods>(
  client: Client,
  method: Method,
  params: AnvilMethods[Method][0],
): Promise<AnvilMethods[Method][1]> {
  // Safe: viem types the standard methods only; AnvilMethods types those of anvil.
  const request = client.request as (args: { method: Method; params: unknown }) => Promise<unknown>
  return request({ method, params }) as Promise<AnvilMethods[Method][1]>
}
