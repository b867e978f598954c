import { z } from 'zod'
import { port } from '../runtime/config.ts'

export const watcherConfig = z.object({
  /** Path of the network manifest. */
  HASHSAND_MANIFEST: z.string().min(1),
  /** Folder of this service alone: the deletions that it has signed. */
  HASHSAND_STATE_DIR: z.string().min(1),
  /** The replica's op-geth and op-node: nodes that you run, derived from L1. Never the operator's. */
  HASHSAND_REPLICA_L2_RPC: z.url(),
  HASHSAND_REPLICA_NODE_RPC: z.url(),
  /** The L1 node to believe; that of the manifest if absent. */
  HASHSAND_L1_RPC: z.url().optional(),
  /** Keys whose role `challenger` deletes. Without it somebody else has to, and is paged. */
  HASHSAND_KEYS: z.string().min(1).optional(),
  /** Of a folder of keystores; the file `password` in it if absent. */
  HASHSAND_KEYS_PASSWORD_FILE: z.string().min(1).optional(),
  /** Blocks above a wrong output before it is deleted. It is alerted at once. */
  HASHSAND_L1_CONFIRMATIONS: z.coerce.number().int().nonnegative().max(64).default(2),
  /** Loopback only. */
  HASHSAND_PORT: port.default(9_551),
  /** One second, or L1's block time where that is shorter, if absent. */
  HASHSAND_POLL_MS: z.coerce.number().int().min(10).max(60_000).optional(),
  HASHSAND_LOG_LEVEL: z.string().default('info'),
})

export type WatcherConfig = z.infer<typeof watcherConfig>
