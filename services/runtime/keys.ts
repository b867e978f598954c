import { existsSync } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import type { Hex } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'
import { KeysError } from './errors.ts'

/** One key per role, never shared: two senders on one key would fight over its nonces. */
export const roles = [
  'deployer',
  'proposer',
  'challenger',
  'guardian',
  'batcher',
  'sequencer',
  'relayer',
  'oracle0',
  'oracle1',
  'oracle2',
  'oracle3',
  'pool',
  'miner',
  'buyer',
  'lp',
  'user',
] as const

export type Role = (typeof roles)[number]
export type Keys = Record<Role, PrivateKeyAccount>

const schema = z.record(z.enum(roles), z.string().regex(/^0x[0-9a-f]{64}$/, 'not a private key'))

/** Writes new keys for a development network, readable by the owner alone, unless the file is there already. */
export async function createKeysFile(path: string): Promise<void> {
  if (existsSync(path)) return
  const keys = Object.fromEntries(roles.map((role) => [role, generatePrivateKey()]))
  await writeFile(`${path}.tmp`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(`${path}.tmp`, path)
}

export async function readKeys(path: string): Promise<Keys> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new KeysError(`No keys file at ${path}. Run npm start once, or set HASHSAND_KEYS.`, cause)
  })
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new KeysError(
      `The keys file ${path} has mode ${(mode & 0o777).toString(8)}: others can read it. Run chmod 600 on it.`,
    )
  }
  const result = schema.safeParse(safeJson(text))
  if (!result.success) {
    throw new KeysError(`The keys file ${path} is not usable:\n${z.prettifyError(result.error)}`)
  }
  const accounts = roles.map((role) => [role, privateKeyToAccount(asHex(result.data[role]))] as const)
  // Safe: the schema demands an entry for every role.
  return Object.fromEntries(accounts) as Keys
}

function asHex(key: string): Hex {
  // Safe: the schema's pattern begins with 0x.
  return key as Hex
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
