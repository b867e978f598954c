import { join } from 'node:path'
import type { PublicClient } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'
import { createLog } from '../runtime/log.ts'
import { type Outbox, openOutbox } from '../runtime/outbox.ts'
import { openOutboxStore } from '../runtime/store.ts'
import type { StateFolder } from './devnet/profile.ts'

export type Side = 'l1' | 'l2'

export type OpenWalletParameters = {
  folder: StateFolder
  /** Whose wallet: one store per key and chain, wherever it is used from. */
  name: string
  side: Side
  client: PublicClient
  account: PrivateKeyAccount
  signal?: AbortSignal
}

/** The durable sender of one key on one chain of a development network. */
export async function openWallet(parameters: OpenWalletParameters): Promise<Outbox> {
  const { folder, name, side, client, account, signal = new AbortController().signal } = parameters
  const store = await openOutboxStore(join(folder.root, 'wallet', `${name}-${side}`))
  const outbox = { client, account, store, log: createLog('wallet', 'silent'), signal }
  // The test L1 mines a block only once the one before is on disk, so the newest but one can't be lost.
  const safeHead = async () => (await client.getBlockNumber({ cacheTime: 0 })) - 1n
  try {
    return await openOutbox(side === 'l1' ? { ...outbox, safeHead } : outbox)
  } catch (error) {
    await store.close()
    throw error
  }
}
