import { z } from 'zod'
import type { Manifest } from '../../chain/manifest.ts'
import { port, urls } from '../runtime/config.ts'
import { ConfigError } from '../runtime/errors.ts'
import { defaultReorgPolicyBlocks } from './network.ts'
import { defaultMaxGas } from './withdraw.ts'

export const sequencerConfig = z.object({
  /** Path of the network manifest. */
  HASHSAND_MANIFEST: z.string().min(1),
  /** Folder of this service alone: messages and intents. */
  HASHSAND_STATE_DIR: z.string().min(1),
  /** The keys file, or a folder of keystores; the role `sequencer` is used, and on engine anvil `proposer`. */
  HASHSAND_KEYS: z.string().min(1),
  /** Of a folder of keystores; the file `password` in it if absent. */
  HASHSAND_KEYS_PASSWORD_FILE: z.string().min(1).optional(),
  /** File in which the engine notes the newest block of its own L1 that is on disk. Absent on an L1 of others. */
  HASHSAND_L1_DURABLE: z.string().min(1).optional(),
  /** Blocks below the head of an L1 of others that are not acted on yet. */
  HASHSAND_L1_CONFIRMATIONS: z.coerce.number().int().nonnegative().default(4),
  /** Nodes of L1 with commas between them; the manifest's alone if absent. What is acted on was said by enough of them. */
  HASHSAND_L1_RPCS: urls.optional(),
  /** How many nodes of L1 have to say the same; more than half of them if absent. */
  HASHSAND_L1_AGREE: z.coerce.number().int().min(1).optional(),
  /** The same for L2, on engine op-stack. */
  HASHSAND_L2_RPCS: urls.optional(),
  HASHSAND_L2_AGREE: z.coerce.number().int().min(1).optional(),
  /** L1 blocks that may be taken back under L2 while the service follows by itself; deeper it halts. */
  HASHSAND_REORG_POLICY_BLOCKS: z.coerce.bigint().min(1n).default(defaultReorgPolicyBlocks),
  /** Engine anvil: folder of L2's dumps, written by this service. */
  HASHSAND_L2_DUMPS: z.string().min(1).optional(),
  /** Engine anvil: the L2 node itself, which nobody else may use. */
  HASHSAND_L2_INTERNAL_RPC: z.url().optional(),
  /** Where the public L2 RPC listens. */
  HASHSAND_L2_PORT: port.default(9545),
  HASHSAND_L2_HOST: z.string().default('127.0.0.1'),
  /** Health, metrics, messages: loopback only. */
  HASHSAND_PORT: port.default(9547),
  /** `off` leaves proving and finalising to the users; their withdrawals are only watched. */
  HASHSAND_RELAY: z.enum(['on', 'off']).default('on'),
  /** The most gas that is paid for one step of one message; dearer ones are left to their owners. */
  HASHSAND_RELAY_MAX_GAS: z.coerce.bigint().min(100_000n).max(15_000_000n).default(defaultMaxGas),
  /** What is swept out of payout forwarders, and from how much on: `WBTC=20000,ETH=10000000000000000`, in base units. Nothing if absent. */
  HASHSAND_SWEEP_LEAST: z
    .string()
    .regex(/^\w+=[1-9]\d*(,\w+=[1-9]\d*)*$/, 'not SYMBOL=amount,SYMBOL=amount in base units')
    .transform((text) => new Map(text.split(',').map(leastOf)))
    .optional(),
  HASHSAND_POLL_MS: z.coerce.number().int().min(10).max(10_000).default(100),
  /** For tests: where the process kills itself, and at which time, as `block.mine.after:3`. */
  HASHSAND_FAILPOINT: z.string().optional(),
  HASHSAND_LOG_LEVEL: z.string().default('info'),
})

function leastOf(part: string): [symbol: string, least: bigint] {
  const [symbol = '', least = ''] = part.split('=')
  return [symbol, BigInt(least)]
}

export type SequencerConfig = z.infer<typeof sequencerConfig>

/** What this service needs where it makes L2's blocks itself. */
export type EmbeddedConfig = { dumps: string; nodeUrl: string }

/** Undefined on an engine whose blocks others make. */
export function embeddedConfig(
  config: SequencerConfig,
  engine: Manifest['engine'],
): EmbeddedConfig | undefined {
  if (engine !== 'anvil') return undefined
  const { HASHSAND_L2_DUMPS: dumps, HASHSAND_L2_INTERNAL_RPC: nodeUrl } = config
  if (dumps === undefined || nodeUrl === undefined) {
    throw new ConfigError('HASHSAND_L2_DUMPS and HASHSAND_L2_INTERNAL_RPC are needed on engine anvil')
  }
  return { dumps, nodeUrl }
}
