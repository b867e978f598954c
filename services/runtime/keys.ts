import { existsSync } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hex } from 'viem'
import { generatePrivateKey, type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { z } from 'zod'
import { safeJson } from '../../chain/safeJson.ts'
import { KeysError } from './errors.ts'
import { KeyMissingError } from './keyErrors.ts'
import { assertPrivate, openKeystore, readPassword } from './keystore.ts'

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

/** Those that a network of its own keystores has; what a development network adds are people. */
export const operatorRoles = [
  'deployer',
  'governor',
  'guardian',
  'challenger',
  'batcher',
  'proposer',
  'sequencer',
  'relayer',
  'oracle0',
  'oracle1',
  'oracle2',
  'oracle3',
] as const

export type OperatorRole = (typeof operatorRoles)[number]

export type Keys = Record<Role, PrivateKeyAccount>

const schema = z.record(z.enum(roles), z.string().regex(/^0x[0-9a-f]{64}$/, 'not a private key'))

/** Writes new keys for a development network, readable by the owner alone, unless the file is there already. */
export async function createKeysFile(path: string): Promise<void> {
  if (existsSync(path)) return
  const keys = Object.fromEntries(roles.map((role) => [role, generatePrivateKey()]))
  await writeFile(`${path}.tmp`, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(`${path}.tmp`, path)
}

export type ReadKeysOptions = {
  /** Of a folder of keystores. Absent: the file `password` in it. */
  passwordFile?: string | undefined
}

/**
 * The keys of some roles, by default of all: out of the one file of a development network, or out of a folder with a keystore
 * `<role>.json` for each. A host has those of its own roles alone.
 */
export async function readKeys<Name extends Role | OperatorRole = Role>(
  path: string,
  names?: readonly Name[],
  options: ReadKeysOptions = {},
): Promise<Record<Name, PrivateKeyAccount>> {
  const secrets = Object.entries<Hex>(await readSecrets(path, names, options))
  // Safe: `readSecrets` answers a key for every name.
  return Object.fromEntries(secrets.map(([name, key]) => [name, privateKeyToAccount(key)])) as Record<
    Name,
    PrivateKeyAccount
  >
}

/** The private keys themselves, for programs of others that sign by themselves. */
export async function readSecrets<Name extends Role | OperatorRole = Role>(
  path: string,
  // Safe: without names the type's default stands, which is all roles.
  names: readonly Name[] = roles as readonly Role[] as readonly Name[],
  { passwordFile }: ReadKeysOptions = {},
): Promise<Record<Name, Hex>> {
  const entry = await stat(path).catch((cause: unknown) => {
    throw new KeysError(
      `There are no keys at ${path}. Run npm start once for a development network, or make keystores with hashsand keys new, and set HASHSAND_KEYS.`,
      cause,
    )
  })
  const all = entry.isDirectory()
    ? await openKeystores(path, names, passwordFile ?? join(path, 'password'))
    : await readDevelopmentKeys(path)
  const known = names.map((name) => {
    const key = all[name]
    if (key === undefined) throw new KeyMissingError(name, path)
    return [name, key] as const
  })
  // Safe: built from the names.
  return Object.fromEntries(known) as Record<Name, Hex>
}

export const keystorePath = (folder: string, role: Role | OperatorRole) => join(folder, `${role}.json`)

/** One after the other: each takes a second and much memory. */
async function openKeystores(
  folder: string,
  names: readonly (Role | OperatorRole)[],
  passwordFile: string,
): Promise<Record<string, Hex>> {
  for (const name of names) {
    const path = keystorePath(folder, name)
    if (!existsSync(path)) throw new KeyMissingError(name, path)
  }
  const password = await readPassword(passwordFile)
  const keys: Record<string, Hex> = {}
  for (const name of names) keys[name] = await openKeystore(keystorePath(folder, name), password)
  return keys
}

async function readDevelopmentKeys(path: string): Promise<Record<string, Hex>> {
  await assertPrivate(path)
  const result = schema.safeParse(safeJson(await readFile(path, 'utf8')))
  if (!result.success) {
    throw new KeysError(`The keys file ${path} is not usable:\n${z.prettifyError(result.error)}`)
  }
  return Object.fromEntries(roles.map((role) => [role, asHex(result.data[role])]))
}

function asHex(key: string): Hex {
  // Safe: the schema's pattern begins with 0x.
  return key as Hex
}
