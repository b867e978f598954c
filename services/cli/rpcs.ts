import type { Command } from 'commander'
import type { Manifest } from '../../chain/manifest.ts'
import { type Context, manifestOf } from './context.ts'

export type Rpcs = { l1?: string; l2?: string }

export function addRpcs(command: Command): Command {
  return command
    .option('--l1 <url>', 'RPC of L1, if not that of the manifest')
    .option('--l2 <url>', 'RPC of L2, if not that of the manifest: one of a replica')
}

/** The manifest with the RPCs that were given. Both are still checked to be of this network. */
export async function manifestBy(context: Context, { l1, l2 }: Rpcs): Promise<Manifest> {
  const manifest = await manifestOf(context)
  return {
    ...manifest,
    l1: { ...manifest.l1, rpcUrl: l1 ?? manifest.l1.rpcUrl },
    l2: { ...manifest.l2, rpcUrl: l2 ?? manifest.l2.rpcUrl },
  }
}
