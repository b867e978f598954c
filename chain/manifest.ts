import { readFile, rename, writeFile } from 'node:fs/promises'
import { type Address, getAddress, type Hash, isAddress } from 'viem'
import { z } from 'zod'
import { BaseError } from './errors.ts'

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }), 'not an address')
  .transform((value): Address => getAddress(value))
const hash = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, 'not a 32-byte hash')
  // The pattern above is the proof of this cast.
  .transform((value): Hash => value as Hash)
const addresses = <const Names extends readonly string[]>(names: Names) => z.record(z.enum(names), address)

/** The L1 side of the chain; proxies where a contract has one. */
export const l1ContractNames = [
  'AddressManager',
  'ProxyAdmin',
  'SuperchainConfig',
  'ProtocolVersions',
  'OptimismPortal',
  'SystemConfig',
  'L1StandardBridge',
  'L1CrossDomainMessenger',
  'OptimismMintableERC20Factory',
  'L1ERC721Bridge',
  'L2OutputOracle',
  'DisputeGameFactory',
  'OutputProposer',
  'Timelock',
  'Multicall3',
] as const

/** What the deploy script adds to L2 beside the predeploys, whose addresses are in `generated/addresses.ts`. */
export const l2ContractNames = [
  'Timelock',
  'UniswapV3Factory',
  'NonfungiblePositionManager',
  'SwapRouter',
  'QuoterV2',
  'Listing',
  'SignerBonds',
  'EthereumRelay',
] as const

const schema = z.object({
  version: z.literal(1),
  name: z.string().min(1),
  engine: z.enum(['anvil', 'op-stack']),
  l1: z.object({
    chainId: z.number().int().positive(),
    rpcUrl: z.url(),
    genesisHash: hash,
    blockTimeSeconds: z.number().positive(),
    /** The L1 origin of the first L2 block: deposits are derived from the block after it. */
    startBlock: z.object({ number: z.number().int().nonnegative(), hash }),
    contracts: addresses(l1ContractNames),
    /** `PayoutForwarder`'s factory: added by the deploy script once the L2 tokens exist. */
    payoutForwarderFactory: address.optional(),
    /** `DepositWithGas`, over the pairs of that factory. */
    depositWithGas: address.optional(),
  }),
  l2: z.object({
    chainId: z.number().int().positive(),
    rpcUrl: z.url(),
    genesisHash: hash,
    blockTimeSeconds: z.number().positive(),
    contracts: addresses(l2ContractNames).optional(),
  }),
  bridge: z.object({
    submissionIntervalBlocks: z.number().int().positive(),
    finalizationPeriodSeconds: z.number().int().positive(),
    sequencingWindowBlocks: z.number().int().min(2),
  }),
  /**
   * Of engine op-stack. SHA-256 of the files that a replica starts from, beside the genesis whose hash is above: who
   * derives the chain by another one derives another chain. And the programs, as they were pinned.
   */
  opStack: z
    .object({
      rollupFileHash: hash,
      l1ChainConfigHash: hash,
      versions: z.record(z.string(), z.string()),
    })
    .optional(),
  /** Bridged ERC-20 pairs. Ether is not listed: it crosses as ether. */
  tokens: z.array(
    z.object({ symbol: z.string(), name: z.string(), decimals: z.number().int(), l1: address, l2: address }),
  ),
  /** Networks of the RewardIndex predeploy. `unitWork` is the work that one unit does in an epoch. */
  networks: z.array(
    z.object({
      id: z.number().int(),
      name: z.string(),
      unit: z.string(),
      unitWork: z.string(),
      source: z.enum(['replay', 'simulator', 'node']),
    }),
  ),
  /** What a network earned, as Chainlink feeds: one component or both, final days alone or provisional ones too. */
  feeds: z
    .array(
      z.object({
        network: z.number().int(),
        component: z.enum(['subsidy', 'fees', 'total']),
        stage: z.enum(['settled', 'provisional']),
        address,
      }),
    )
    .optional(),
  /** Indices of the Ledger predeploy, newest last. */
  indices: z.array(
    z.object({
      id: z.number().int(),
      name: z.string(),
      network: z.number().int(),
      token: address,
      successor: z.number().int().optional(),
    }),
  ),
  services: z.object({ sequencer: z.url(), relayer: z.url(), api: z.url(), watcher: z.url() }).partial(),
})

/** The one thing a third party needs to join: SDK, CLI, web and services start from it. */
export type Manifest = z.infer<typeof schema>

export class ManifestError extends BaseError {
  override readonly retry = false
}

/** Reads and validates a manifest. Throws ManifestError naming every wrong field. */
export async function readManifest(path: string): Promise<Manifest> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new ManifestError(`No network manifest at ${path}. Run npm start first, or pass --manifest.`, cause)
  })
  return parseManifest(text, path)
}

export function parseManifest(text: string, path: string): Manifest {
  const json = parseJson(text, path)
  const result = schema.safeParse(json)
  if (!result.success) {
    throw new ManifestError(
      `The network manifest ${path} is not valid:\n${z.prettifyError(result.error)}\nGet it anew from the operator of the network.`,
    )
  }
  return result.data
}

/** Writes atomically: a reader sees the old manifest or the new one. */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  await writeFile(`${path}.tmp`, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true })
  await rename(`${path}.tmp`, path)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ManifestError(`The network manifest ${path} is not JSON. Get it anew from the operator.`, cause)
  }
}
