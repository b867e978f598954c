import { readFile } from 'node:fs/promises'
import { z } from 'zod'

/** The private keys of a development network, for the one command that shows them on request. */
export async function privateKeysOf(path: string): Promise<Record<string, string>> {
  return z.record(z.string(), z.string()).parse(JSON.parse(await readFile(path, 'utf8')))
}
