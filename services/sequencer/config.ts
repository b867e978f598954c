import { z } from 'zod'
import { port } from '../runtime/config.ts'

export const sequencerConfig = z.object({
  /** Path of the network manifest. */
  HASHSAND_MANIFEST: z.string().min(1),
  /** Folder of this service alone: messages and intents. */
  HASHSAND_STATE_DIR: z.string().min(1),
  /** Path of the keys file; the roles `proposer` and `sequencer` are used. */
  HASHSAND_KEYS: z.string().min(1),
  /** File in which the engine notes the newest L1 block that is on disk. */
  HASHSAND_L1_DURABLE: z.string().min(1),
  /** Folder of L2's dumps, written by this service. */
  HASHSAND_L2_DUMPS: z.string().min(1),
  /** The L2 node itself, which nobody else may use. */
  HASHSAND_L2_INTERNAL_RPC: z.url(),
  /** Where the public L2 RPC listens. */
  HASHSAND_L2_PORT: port.default(9545),
  HASHSAND_L2_HOST: z.string().default('127.0.0.1'),
  /** Health, metrics, messages: loopback only. */
  HASHSAND_PORT: port.default(9547),
  /** `off` leaves proving and finalising to the users; their withdrawals are only watched. */
  HASHSAND_RELAY: z.enum(['on', 'off']).default('on'),
  HASHSAND_POLL_MS: z.coerce.number().int().min(10).max(10_000).default(100),
  HASHSAND_LOG_LEVEL: z.string().default('info'),
})

export type SequencerConfig = z.infer<typeof sequencerConfig>
