import { getAddress, isAddress } from 'viem'
import { z } from 'zod'
import { hashsandPredeploys } from '../../chain/generated/addresses.ts'
import { port } from '../runtime/config.ts'

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }), 'not an address')
  .transform((value) => getAddress(value))

export const relayerConfig = z.object({
  HASHSAND_MANIFEST: z.string().min(1),
  /** The keys file, or a folder of keystores; the roles `relayer` and `oracle0` to `oracle3` are used. */
  HASHSAND_KEYS: z.string().min(1),
  /** Of a folder of keystores; the file `password` in it if absent. */
  HASHSAND_KEYS_PASSWORD_FILE: z.string().min(1).optional(),
  /** This service's own folder. */
  HASHSAND_STATE_DIR: z.string().min(1),
  HASHSAND_PORT: port.default(8082),
  HASHSAND_LOG_LEVEL: z.string().default('info'),
  /** The network of the manifest that this process serves. */
  HASHSAND_NETWORK: z.coerce.number().int().positive().default(1),
  /** Folder of recorded blocks, for a network whose source is a replay. */
  HASHSAND_DATA: z.string().optional(),
  /** Decides the whole simulated chain, for a network whose source is the simulator. */
  HASHSAND_SIMULATOR_SEED: z.string().min(1).default('hashsand'),
  HASHSAND_REWARD_INDEX: address.default(hashsandPredeploys.RewardIndex),
  HASHSAND_LEDGER: address.default(hashsandPredeploys.Ledger),
})
