import { join } from 'node:path'
import { type Hash, keccak256, type LocalAccount, toHex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { openLevel } from '../../../../services/runtime/database/store.ts'
import { type OutboxEntry, openOutboxStore } from '../../../../services/runtime/store.ts'
import type { MessageRecord, OutputRecord } from '../../../../services/sequencer/records.ts'
import { openSequencerStore } from '../../../../services/sequencer/store.ts'

// The stores of a sequencer that has read three blocks of each chain and sent three transactions, one of them settled.

export const network = 'L1 900, L2 901'
export const account = privateKeyToAccount(generatePrivateKey())
export const identity = `chain 900, block 1 ${hashOf(1)}, key ${account.address}`

export function hashOf(n: number): Hash {
  return toHex(n, { size: 32 })
}

export function message(n: number, state: string): MessageRecord {
  const history = [{ state: 'seen' }, ...(state === 'seen' ? [] : [{ state }])]
  // Safe: a store looks at nothing else in a deposit.
  return { id: hashOf(n), kind: 'deposit', state, history } as unknown as MessageRecord
}

export async function makeStores(folder: string, belongs = network): Promise<void> {
  const store = await openSequencerStore(join(folder, 'messages'), belongs)
  for (const number of [1n, 2n, 3n]) {
    const origin = { number, hash: hashOf(Number(number)) }
    const header = { number, hash: hashOf(100 + Number(number)), origin, minted: 0n }
    await store.apply({ l1: number }, { l1: [origin], messages: [message(Number(number), 'seen')] })
    await store.apply({ l2: number }, { l2: [header], messages: [message(Number(number), 'final')] })
    // Safe: the store looks at nothing but the number.
    await store.putOutput({ number, blockHash: header.hash } as unknown as OutputRecord)
  }
  await store.putWord('pause', { reason: 'a look', at: 'now' })
  await store.close()
  const outbox = await openOutboxStore(join(folder, 'sequencer'))
  await outbox.bind(identity)
  for (const nonce of [4, 5, 6]) await outbox.put(await entry(nonce))
  await outbox.close()
}

export async function entry(nonce: number, signer: LocalAccount = account): Promise<OutboxEntry> {
  const to = account.address
  const bare = { to, data: '0x', value: 1n, gas: 21_000n, nonce } as const
  const fees = { maxFeePerGas: 2n, maxPriorityFeePerGas: 1n }
  const raw = await signer.signTransaction({ ...bare, ...fees, chainId: 900, type: 'eip1559' })
  const forms = [{ hash: keccak256(raw), raw, ...fees }]
  const settled = { hash: keccak256(raw), blockNumber: 2n, status: 'success' } as const
  return { key: `pay:${nonce}#0`, ...bare, forms, ...(nonce === 4 && { settled }) }
}

/** Puts a text under a key, or takes the key out, as no program of ours would. */
export async function damageRow(path: string, key: string, change: (text: string) => string | undefined) {
  const db = await openLevel(path)
  const text = change((await db.get(key)) ?? '')
  if (text === undefined) await db.del(key)
  else await db.put(key, text)
  await db.close()
}

export async function rowsIn(path: string): Promise<Record<string, string>> {
  const db = await openLevel(path)
  const rows = Object.fromEntries(await db.iterator().all())
  await db.close()
  return rows
}
