import { getAddress, isAddress } from 'viem'
import { z } from 'zod'
import { hashsandPredeploys } from '../../chain/generated/addresses.ts'
import { simulatorSeed } from '../../oracle/developmentNetworks.ts'
import { port } from '../runtime/config.ts'
import { operatorRoles, roles } from '../runtime/keys.ts'

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }), 'not an address')
  .transform((value) => getAddress(value))

const role = z.enum([...roles, ...operatorRoles])

export const relayerConfig = z.object({
  HASHSAND_MANIFEST: z.string().min(1),
  /** A folder of keystores, or the keys file of a development network. */
  HASHSAND_KEYS: z.string().min(1),
  /** Of a folder of keystores; the file `password` in it if absent. */
  HASHSAND_KEYS_PASSWORD_FILE: z.string().min(1).optional(),
  /** The name of the node's key. Several, with commas between, make as many nodes in one process: for development networks. */
  HASHSAND_SIGNER: z
    .string()
    .transform((names) => names.split(','))
    .pipe(z.array(role).refine((names) => new Set(names).size === names.length, 'one name twice'))
    .default(['oracle0']),
  /** The name of the key that pays for submissions. It may be the node's own. */
  HASHSAND_PAYER: role.default('relayer'),
  /** 1: sign and send. Otherwise the node looks on, compares, and says what it would do. */
  HASHSAND_LIVE: z.enum(['0', '1']).default('0'),
  /** The list of peers. Absent: the nodes of this process alone. */
  HASHSAND_PEERS: z.string().min(1).optional(),
  /** Where peers reach this node. */
  HASHSAND_PEER_HOST: z.string().min(1).default('127.0.0.1'),
  HASHSAND_PEER_PORT: port.default(8083),
  /** This service's own folder. */
  HASHSAND_STATE_DIR: z.string().min(1),
  HASHSAND_PORT: port.default(8082),
  HASHSAND_LOG_LEVEL: z.string().default('info'),
  /** The network of the manifest that this process serves. */
  HASHSAND_NETWORK: z.coerce.number().int().positive().default(1),
  /** Where its blocks come from; what the manifest says if absent. */
  HASHSAND_SOURCE: z.string().min(1).optional(),
  /** An L2 node of one's own; the manifest's if absent. */
  HASHSAND_L2_RPC: z.url().optional(),
  /** The node's RPC for the source `node`, the REST service for `mempool.space`; without credentials. */
  HASHSAND_BITCOIN_URL: z.url().optional(),
  HASHSAND_BITCOIN_CHAIN: z.enum(['mainnet', 'regtest', 'simulator']).default('mainnet'),
  /** Bitcoin Core's cookie file; without one a user and a file with the password. */
  HASHSAND_BITCOIN_COOKIE: z.string().min(1).optional(),
  HASHSAND_BITCOIN_USER: z.string().min(1).optional(),
  HASHSAND_BITCOIN_PASSWORD_FILE: z.string().min(1).optional(),
  /** 0: the REST service is a plain Esplora, without mempool.space's own words about a block. */
  HASHSAND_BITCOIN_EXTRAS: z.enum(['0', '1']).default('1'),
  /** Folder of recorded blocks, for the source `replay`. */
  HASHSAND_DATA: z.string().optional(),
  /** Decides the whole simulated chain, for the source `simulator`. */
  HASHSAND_SIMULATOR_SEED: z.string().min(1).default(simulatorSeed),
  /** The list of pools and accounts, mode 600. Absent: this node watches no pool. */
  HASHSAND_POOLS: z.string().min(1).optional(),
  /** How long a leader waits for rows; an hour of a real day if absent. */
  HASHSAND_POOLS_PATIENCE_SECONDS: z.coerce.number().int().min(0).optional(),
  HASHSAND_REWARD_INDEX: address.default(hashsandPredeploys.RewardIndex),
  HASHSAND_LEDGER: address.default(hashsandPredeploys.Ledger),
})

export type RelayerConfig = z.output<typeof relayerConfig>
