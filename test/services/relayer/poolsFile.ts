import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poolAccounts } from '../../support/poolServer.ts'

/** Writes a node's list of three pools, whose accounts the server at `origin` knows. */
export async function poolsFile(folder: string, origin: string): Promise<string> {
  const path = join(folder, 'pools.json')
  const list = (['braiins', 'foundry', 'luxor'] as const).map((adapter) => ({
    ...{ adapter, account: poolAccounts[adapter], origin },
  }))
  await writeFile(path, JSON.stringify(list), { mode: 0o600 })
  return path
}
