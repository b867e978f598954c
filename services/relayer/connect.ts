import { setTimeout as sleep } from 'node:timers/promises'
import type { Address, Hash, PublicClient } from 'viem'
import type { Log } from '../runtime/log.ts'
import { mayRetry } from '../runtime/loop.ts'
import { type Contracts, type NetworkView, readNetwork } from './chain.ts'
import { NoContractError, WrongChainError } from './errors.ts'

export type ConnectParameters = {
  url: string
  chainId: number
  genesisHash: Hash
  contracts: Contracts
  network: number
  log: Log
  signal: AbortSignal
}

/**
 * Waits until the node answers and makes sure that it is of the manifest's chain and has the contracts: a signature for
 * another chain must not be made. Undefined when the signal came first.
 */
export async function connect(
  client: PublicClient,
  { log, signal, ...parameters }: ConnectParameters,
): Promise<NetworkView | undefined> {
  while (!signal.aborted) {
    try {
      return await checkNetwork(client, parameters)
    } catch (error) {
      if (!mayRetry(error)) throw error
      log.warn({ err: error }, 'relayer.node.silent')
      await sleep(1_000, undefined, { signal }).catch(() => {})
    }
  }
  return undefined
}

/** What the chain says, once it is shown to be the right one and to have the contracts. */
export async function checkNetwork(
  client: PublicClient,
  { url, chainId, genesisHash, contracts, network }: Omit<ConnectParameters, 'log' | 'signal'>,
): Promise<NetworkView> {
  const [id, genesis] = await Promise.all([client.getChainId(), client.getBlock({ blockNumber: 0n })])
  if (id !== chainId || genesis.hash !== genesisHash) {
    const named = (chain: number, hash: Hash) => `chain ${chain} with genesis ${hash}`
    throw new WrongChainError(url, named(id, genesis.hash), named(chainId, genesisHash))
  }
  for (const [name, address] of Object.entries(contracts)) await checkCode(client, name, address)
  return readNetwork(client, { chainId, address: contracts.rewardIndex, network })
}

async function checkCode(client: PublicClient, name: string, address: Address): Promise<void> {
  const code = await client.getCode({ address })
  if (code === undefined) throw new NoContractError(name, address)
}
