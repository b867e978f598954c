import type { Address, Hash, Hex } from 'viem'
import { copyDatabase } from './database/copy.ts'
import { type OpenDatabase, openLevel } from './database/store.ts'
import { openTable } from './database/table.ts'
import { upgrade } from './database/version.ts'

/** One signed form of an intent. Replacements share the nonce, so at most one of them can be mined. */
export type SignedForm = {
  hash: Hash
  raw: Hex
  maxFeePerGas: bigint
  maxPriorityFeePerGas: bigint
  /** Nothing to the key itself, instead of the intent: the operator has taken it back. */
  cancels?: true
}

export type OutboxEntry = {
  key: string
  nonce: number
  to: Address | null
  data: Hex
  value: bigint
  gas: bigint
  /** Newest last. */
  forms: readonly SignedForm[]
  /** Set once the chain can't lose the transaction any more. What was cancelled has had no effect, and will have none. */
  settled?: { hash: Hash; blockNumber: bigint; status: 'success' | 'reverted' | 'cancelled' }
}

export type OutboxStore = {
  readonly folder: string
  identity(): Promise<string | undefined>
  bind(identity: string): Promise<void>
  entries(): Promise<OutboxEntry[]>
  /** On disk when it returns. */
  put(entry: OutboxEntry): Promise<void>
  /** Writes what it holds now into a folder that is not there. Throws CopyExistsError. */
  copy(folder: string): Promise<void>
  close(): Promise<void>
}

/** Opens the intents of one key in a folder of their own. Throws StoreInUseError naming who has it open, StoreDamagedError, StoreVersionError. */
export async function openOutboxStore(
  folder: string,
  openDatabase: OpenDatabase = openLevel,
): Promise<OutboxStore> {
  const db = await openDatabase(folder)
  await upgrade(db, folder)
  const meta = openTable(db, folder, 'meta')
  const entries = openTable(db, folder, 'entries')
  return {
    folder,
    identity: () => meta.get('identity'),
    bind: (identity) => db.batch([meta.put('identity', identity)], { sync: true }),
    entries: async () => {
      const found: OutboxEntry[] = []
      for await (const [, entry] of entries.entries<OutboxEntry>()) found.push(entry)
      return found
    },
    put: (entry) => db.batch([entries.put(entry.key, entry)], { sync: true }),
    copy: (to) => copyDatabase(db, to),
    close: () => db.close(),
  }
}
