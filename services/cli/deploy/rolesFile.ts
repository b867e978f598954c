import { readFile } from 'node:fs/promises'
import { type Address, getAddress, type Hash, isAddress, size, stringToHex, zeroAddress } from 'viem'
import { z } from 'zod'
import { assertFinalization } from '../../../chain/deploy/assertions.ts'
import {
  type DeployConfig,
  type FeeScalars,
  maxFeeScalars,
  networkClasses,
} from '../../../chain/deploy/config.ts'
import { batchInbox } from '../../../chain/deploy/l1.ts'
import { BaseError } from '../../../chain/errors.ts'
import { hashsandPredeploys } from '../../../chain/generated/addresses.ts'
import { RolesFileError } from './errors.ts'

const address = z
  .string()
  .refine((value) => isAddress(value), 'not an address with a right checksum')
  .transform((value): Address => getAddress(value))
  .refine((value) => value !== zeroAddress, 'is the zero address')
/** Whole numbers that may be larger than JSON's: as text. */
const whole = z
  .string()
  .regex(/^[1-9][0-9]*$/, 'not a whole number above 0, in quotes')
  .transform(BigInt)
const name32 = z
  .string()
  .min(1)
  .refine((value) => size(stringToHex(value)) <= 32, 'longer than 32 bytes')
const positive = z.number().int().positive()
const optionalAddress = address.optional()

const bits = z
  .number()
  .int()
  .min(1)
  .max(2 ** 32 - 1)
const seconds = z
  .number()
  .int()
  .min(0)
  .max(2 ** 32 - 1)
/** What the chain that the BitcoinRelay predeploy follows starts from; what is left out is Bitcoin's own. */
const bitcoin = z.strictObject({
  powLimitBits: bits.default(0x1d00_ffff),
  noRetarget: z.boolean().default(false),
  halvingInterval: positive.default(210_000),
  maxSecondsAhead: seconds.default(7_200),
  genesis: z.strictObject({
    hash: z
      .string()
      .regex(/^0x[0-9a-f]{64}$/, 'not a block hash with 0x before it')
      // Safe: the pattern.
      .transform((value): Hash => value as Hash),
    height: z.number().int().nonnegative(),
    chainwork: whole,
    bits,
    epochStart: seconds,
    times: z.array(seconds).length(11),
  }),
})
const index = z.strictObject({ name: name32, tick: whole, caps: z.array(whole).min(1).max(8) })
const network = z.strictObject({
  name: name32,
  unit: name32,
  class: z.enum(networkClasses).default('attested'),
  unitWork: whole,
  /** Of a network that is not attested: a contract, or the chain that the BitcoinRelay predeploy proves it from. */
  prover: address.default(zeroAddress),
  bitcoin: bitcoin.optional(),
  /** Of an attested network; absent when nobody may void its days. */
  challenger: address.default(zeroAddress),
  firstDay: positive,
  disputeSeconds: z.number().int().nonnegative(),
  faultTolerance: z.number().int().min(0).max(10),
  signers: z.array(address),
  source: z.enum(['node', 'replay', 'simulator']),
  indices: z.array(index).min(1),
})

const feeScalar = (name: keyof FeeScalars) => z.number().int().min(0).max(maxFeeScalars[name])

const schema = z
  .strictObject({
    name: z.string().min(1),
    l1: z.strictObject({
      chainId: positive,
      blockTimeSeconds: positive,
      rules: z.enum(['cancun', 'prague', 'osaka']),
    }),
    l2: z.strictObject({ chainId: positive, blockTimeSeconds: positive }),
    roles: z.strictObject({
      proposer: address,
      challenger: address,
      guardian: address,
      batcher: address,
      /** Signs blocks that go from node to node, which ours do not. Absent: an address without a key. */
      unsafeBlockSigner: optionalAddress,
      governor: address,
      /** Those of our services; they are only compared with the others and given ether on L2. */
      sequencer: optionalAddress,
      relayer: optionalAddress,
    }),
    bridge: z.strictObject({
      submissionIntervalBlocks: positive,
      finalizationPeriodSeconds: positive,
      sequencingWindowBlocks: z.number().int().min(2),
      silenceSeconds: positive.optional(),
      outputBondGwei: positive.optional(),
    }),
    timelockDelaySeconds: positive,
    feeScalars: z.strictObject({
      baseFee: feeScalar('baseFee'),
      blobBaseFee: feeScalar('blobBaseFee'),
    }),
    clock: z.strictObject({ firstEpoch: positive, start: positive, epochSeconds: positive }),
    networks: z.array(network).min(1),
    wbtc: optionalAddress,
    urls: z.strictObject({
      l1: z.url(),
      l2: z.url(),
      sequencer: z.url().optional(),
      relayer: z.url().optional(),
      api: z.url().optional(),
    }),
  })
  .superRefine(checkTogether)

/** Everything that is decided when a network is made, as its operator writes it down. */
export type Roles = z.output<typeof schema>

/** Throws RolesFileError, which names every problem of the file. */
export async function readRolesFile(path: string): Promise<Roles> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new RolesFileError(path, ['it can not be read'], cause)
  })
  return parseRoles(text, path)
}

export function parseRoles(text: string, path: string): Roles {
  const result = schema.safeParse(parseJson(text, path))
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path: place, message }) => {
    const where = place.map(String).join('.')
    return where === '' ? message : `${where}: ${message}`
  })
  throw new RolesFileError(path, problems)
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new RolesFileError(path, [`it is not JSON: ${String(cause)}`], cause)
  }
}

/** The deployment that a roles file stands for. */
export function configOf(roles: Roles): DeployConfig {
  const { unsafeBlockSigner, proposer, challenger, guardian, batcher, governor } = roles.roles
  return {
    l1: { chainId: roles.l1.chainId, blockTimeSeconds: roles.l1.blockTimeSeconds },
    l2: roles.l2,
    bridge: {
      submissionIntervalBlocks: roles.bridge.submissionIntervalBlocks,
      finalizationPeriodSeconds: roles.bridge.finalizationPeriodSeconds,
      sequencingWindowBlocks: roles.bridge.sequencingWindowBlocks,
      scheduleHeadStartSeconds: 0,
      ...(roles.bridge.silenceSeconds === undefined ? {} : { silenceSeconds: roles.bridge.silenceSeconds }),
      ...(roles.bridge.outputBondGwei === undefined ? {} : { outputBondGwei: roles.bridge.outputBondGwei }),
    },
    roles: {
      proposer,
      challenger,
      guardian,
      batcher,
      governor,
      // No block goes from node to node, so nobody signs one: the batch inbox has no key.
      unsafeBlockSigner: unsafeBlockSigner ?? batchInbox(roles.l2.chainId),
    },
    timelockDelaySeconds: roles.timelockDelaySeconds,
    feeScalars: roles.feeScalars,
    clock: roles.clock,
    networks: roles.networks.map(({ source: _, indices: __, bitcoin, ...rest }) =>
      bitcoin === undefined ? rest : { ...rest, bitcoin, prover: hashsandPredeploys.BitcoinRelay },
    ),
    predeployProxies: 'full',
    ...(roles.wbtc === undefined ? {} : { wbtc: roles.wbtc }),
  }
}

/** What no single field can tell. */
function checkTogether(roles: Roles, context: z.core.$RefinementCtx<Roles>): void {
  const problem = (path: (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path, message, input: roles })
  const { l1, l2, networks, clock } = roles
  if (l1.chainId === l2.chainId) problem(['l2', 'chainId'], `is the chain id of L1 too, ${l1.chainId}`)
  if (l2.blockTimeSeconds > l1.blockTimeSeconds)
    problem(['l2', 'blockTimeSeconds'], `is ${l2.blockTimeSeconds}, more than L1's ${l1.blockTimeSeconds}`)

  const holders = new Map<Address, string>()
  const hold = (path: (string | number)[], holder: Address) => {
    const other = holders.get(holder)
    if (other === undefined) holders.set(holder, path.join('.'))
    else problem(path, `has the address of ${other}; two roles with one key would take each other's nonces`)
  }
  for (const [role, holder] of Object.entries(roles.roles)) {
    if (holder !== undefined) hold(['roles', role], holder)
  }
  for (const [position, network] of networks.entries()) {
    const { signers, faultTolerance, firstDay } = network
    const attested = network.class === 'attested'
    const isProved = network.prover !== zeroAddress || network.bitcoin !== undefined
    if (attested === isProved)
      problem(
        ['networks', position, 'prover'],
        attested ? 'proves nothing that is attested' : 'is missing, and so is a Bitcoin chain in its place',
      )
    if (network.prover !== zeroAddress && network.bitcoin !== undefined)
      problem(
        ['networks', position, 'bitcoin'],
        'has the BitcoinRelay predeploy as its prover: name no other',
      )
    if (!attested && network.challenger !== zeroAddress)
      problem(['networks', position, 'challenger'], 'can void days of an attested network only')
    const count = 3 * faultTolerance + 1
    if (signers.length !== count)
      problem(
        ['networks', position, 'signers'],
        `has ${signers.length} signers, 3 × faultTolerance + 1 = ${count} are needed`,
      )
    for (const [place, signer] of [...new Set(signers)].entries())
      hold(['networks', position, 'signers', place], signer)
    if (new Set(signers).size !== signers.length)
      problem(['networks', position, 'signers'], 'names a signer twice')
    if (firstDay < clock.firstEpoch)
      problem(
        ['networks', position, 'firstDay'],
        `is ${firstDay}, before the clock's first epoch ${clock.firstEpoch}`,
      )
  }
  if (networks.filter((network) => network.bitcoin !== undefined).length > 1)
    problem(['networks'], 'name more than one Bitcoin chain; there is one BitcoinRelay predeploy')
  try {
    assertFinalization(configOf(roles))
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    problem(['bridge', 'finalizationPeriodSeconds'], error.message)
  }
}
