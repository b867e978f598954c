import { type Address, createPublicClient, type Hex, http, type PublicClient } from 'viem'

/** Every intent pays 1 wei to an address of its own, so the balance there counts the effects it had. */
export const payee = (n: number): Address => `0x${n.toString(16).padStart(40, 'a')}`
export const pay = (n: number) => ({
  key: `pay:${n}`,
  to: payee(n),
  data: '0x' as Hex,
  value: 1n,
  gas: 21_000n,
})

/** A chain on which blocks are made by hand, and one that has two behind it is final. */
export const chainByHand = ['--no-mining', '--slots-in-an-epoch', '1', '--chain-id', '900']

export function connectTo(url: string): PublicClient {
  return createPublicClient({
    transport: http(url, { retryCount: 0 }),
    cacheTime: 0,
    pollingInterval: 20,
  })
}
