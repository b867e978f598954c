import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { safeJson } from '../../../chain/safeJson.ts'
import { fetchPoolRow } from '../../../oracle/pools/fetchPoolRow.ts'
import type { PoolAdapter, PoolQuestion } from '../../../oracle/pools/poolAdapter.ts'
import { poolAdapters } from '../../../oracle/pools/poolAdapters.ts'
import type { Pool, PoolRow } from '../../../oracle/pools/poolRow.ts'
import { assertPrivate } from '../../runtime/keystore.ts'
import { PoolsFileError } from '../errors.ts'

/** One pool, with the account by which this node asks it. */
export type Reporter = { pool: Pool; ask(question: PoolQuestion, signal: AbortSignal): Promise<PoolRow> }

const timeoutMs = 10_000

const word = z.string().min(1)
const origin = z.url({ protocol: /^https?$/ }).optional()
const entry = <const Name extends string, Shape extends z.ZodRawShape>(name: Name, shape: Shape) =>
  z.strictObject({ adapter: z.literal(name), account: z.strictObject(shape), origin })

const schema = z
  .array(
    z.discriminatedUnion('adapter', [
      entry('antpool', { userId: word, key: word, secret: word }),
      entry('braiins', { token: word }),
      entry('f2poolV2', { user: word, secret: word }),
      entry('foundry', { subaccount: word, key: word }),
      entry('luxor', { user: word, key: word }),
      entry('ocean', { address: word }),
      entry('viabtc', { key: word }),
    ]),
  )
  .refine((list) => new Set(list.map(({ adapter }) => adapter)).size === list.length, 'one pool twice')

/** Reads `[{ "adapter", "account", "origin"? }]`, a file with keys that its owner alone may read. */
export async function readReporters(path: string): Promise<Reporter[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new PoolsFileError(path, 'it can not be read', cause)
  })
  await assertPrivate(path)
  const result = schema.safeParse(safeJson(text))
  if (!result.success) throw new PoolsFileError(path, z.prettifyError(result.error))
  return result.data.map(({ adapter: name, account, origin: elsewhere }) => {
    // Safe: the schema has shown that the account is that of this adapter.
    const adapter = poolAdapters[name] as PoolAdapter<unknown>
    const fixed = { adapter, account, timeoutMs, ...(elsewhere && { origin: elsewhere }) }
    return {
      pool: adapter.pool,
      ask: (question, signal) => fetchPoolRow(fetch, { ...fixed, ...question, signal }),
    }
  })
}
