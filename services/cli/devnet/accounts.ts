import { readFile } from 'node:fs/promises'
import type { Hex } from 'viem'
import { z } from 'zod'
import type { Role } from '../../runtime/keys.ts'

/** The private keys of a development network, for the one command that shows them on request. */
export async function privateKeysOf(path: string): Promise<Record<string, string>> {
  return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(path, 'utf8')))
}

/** Those of some roles, for programs of others that sign by themselves. */
export async function secretsOf<Name extends Role>(
  path: string,
  names: readonly Name[],
): Promise<Record<Name, Hex>> {
  const keys = await privateKeysOf(path)
  // Safe: `readKeys` has found a private key under every role.
  return Object.fromEntries(names.map((name) => [name, keys[name]])) as Record<Name, Hex>
}
