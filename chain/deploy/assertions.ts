import {
  type Abi,
  type Address,
  type Client,
  ExecutionRevertedError,
  encodeFunctionData,
  getAddress,
  type Hex,
  keccak256,
  pad,
  slice,
  stringToHex,
  toHex,
  BaseError as ViemError,
  zeroAddress,
  zeroHash,
} from 'viem'
import { call, getStorageAt, readContract } from 'viem/actions'
import { loadArtifact } from '../artifacts.ts'
import { outputProposer } from '../generated/abi.ts'
import { opConstants, predeploys } from '../generated/addresses.ts'
import {
  l1CrossDomainMessengerAbi,
  l1StandardBridgeAbi,
  l2OutputOracleAbi,
  optimismPortalAbi,
} from '../generated/opAbi.ts'
import { timelockControllerAbi } from '../generated/openzeppelinAbi.ts'
import type { DeployConfig, L1Contracts } from './config.ts'
import {
  FinalizationTooLongError,
  FinalizationTooShortError,
  InitializableAgainError,
  PausedError,
  WrongAuthorityError,
  WrongDelayError,
  WrongWiringError,
} from './errors.ts'
import { outputTerms } from './outputProposer.ts'

export type AssertL1Parameters = {
  contracts: L1Contracts
  config: DeployConfig
  /** Of the proxied contracts. */
  implementations: Partial<Record<keyof L1Contracts, Address>>
  /** The arguments that `initialize` was called with: they must not be accepted a second time. */
  initializers: Partial<Record<keyof L1Contracts, readonly unknown[]>>
}

/** Proves by reading the chain that the L1 side is wired, initialised once, and in nobody's hands but the timelock's. */
export async function assertL1Deployment(client: Client, parameters: AssertL1Parameters): Promise<void> {
  assertFinalization(parameters.config)
  // First: behind a wrong implementation no other answer means anything.
  await assertProxies(client, parameters)
  await Promise.all([
    assertInitialisedOnce(client, parameters),
    assertWiring(client, parameters.contracts),
    assertRoles(client, parameters),
    assertOutputTerms(client, parameters),
    assertOwners(client, parameters.contracts),
    assertTimelock(client, parameters.contracts.Timelock, parameters.config),
  ])
}

/** As long as a bond on an output waits: OutputProposer's BOND_SECONDS. */
const bondSeconds = 30 * 86_400

/**
 * Otherwise a root could mature before anyone is able to derive its block from L1, or a bond on a wrong root, deleted
 * late, could outlive the right root's time to mature and go back.
 */
export function assertFinalization(config: DeployConfig): void {
  const { finalizationPeriodSeconds, sequencingWindowBlocks } = config.bridge
  const limit = 2 * sequencingWindowBlocks * config.l1.blockTimeSeconds
  if (finalizationPeriodSeconds <= limit)
    throw new FinalizationTooShortError(finalizationPeriodSeconds, limit)
  const { silenceSeconds, windowSeconds } = outputTerms(config)
  const longest = Math.floor((bondSeconds - Number(silenceSeconds + windowSeconds)) / 2)
  if (finalizationPeriodSeconds > longest)
    throw new FinalizationTooLongError(finalizationPeriodSeconds, longest)
}

async function assertInitialisedOnce(client: Client, parameters: AssertL1Parameters): Promise<void> {
  const { contracts, implementations, initializers } = parameters
  for (const [name, args] of Object.entries(initializers)) {
    // Safe: the keys of `initializers` are names of contracts.
    const contract = name as keyof L1Contracts
    const data = encodeFunctionData({ abi: loadArtifact('op', name).abi, functionName: 'initialize', args })
    for (const address of [contracts[contract], implementations[contract]]) {
      if (address === undefined) throw new WrongWiringError(name, 'implementation', 'none', 'an address')
      if (await accepts(client, address, data)) throw new InitializableAgainError(name, address)
    }
  }
}

async function accepts(client: Client, to: Address, data: Hex): Promise<boolean> {
  try {
    await call(client, { to, data })
    return true
  } catch (error) {
    if (!isRevert(error)) throw error
    return false
  }
}

/** Whether the node ran the call and the call failed; anything else says nothing about the contract. */
function isRevert(error: unknown): boolean {
  return error instanceof ViemError && error.walk((cause) => cause instanceof ExecutionRevertedError) !== null
}

async function assertProxies(
  client: Client,
  { contracts, implementations }: AssertL1Parameters,
): Promise<void> {
  for (const [name, implementation] of Object.entries(implementations)) {
    // Safe: the keys of `implementations` are names of contracts.
    const proxy = contracts[name as keyof L1Contracts]
    expectSame(name, 'admin', await addressAt(client, proxy, eip1967Slot('admin')), contracts.ProxyAdmin)
    expectSame(
      name,
      'implementation',
      await addressAt(client, proxy, eip1967Slot('implementation')),
      implementation,
    )
  }
}

/** `keccak256("eip1967.proxy.<what>") − 1`. */
export function eip1967Slot(what: 'admin' | 'implementation'): Hex {
  return toHex(BigInt(keccak256(stringToHex(`eip1967.proxy.${what}`))) - 1n, { size: 32 })
}

async function addressAt(client: Client, address: Address, slot: Hex): Promise<Address> {
  return getAddress(slice((await getStorageAt(client, { address, slot })) ?? zeroHash, 12))
}

async function assertWiring(client: Client, to: L1Contracts): Promise<void> {
  const portal = { address: to.OptimismPortal, abi: optimismPortalAbi } as const
  const messenger = { address: to.L1CrossDomainMessenger, abi: l1CrossDomainMessengerAbi } as const
  const bridge = { address: to.L1StandardBridge, abi: l1StandardBridgeAbi } as const
  const read = (contract: { address: Address; abi: Abi }, functionName: string) =>
    readContract(client, { ...contract, functionName })

  if (await readContract(client, { ...portal, functionName: 'paused' }))
    throw new PausedError(to.OptimismPortal)
  const expectations: [string, string, unknown, Address][] = [
    ['OptimismPortal', 'l2Sender', await read(portal, 'l2Sender'), opConstants.DefaultL2Sender],
    ['OptimismPortal', 'l2Oracle', await read(portal, 'l2Oracle'), to.L2OutputOracle],
    ['OptimismPortal', 'systemConfig', await read(portal, 'systemConfig'), to.SystemConfig],
    ['OptimismPortal', 'superchainConfig', await read(portal, 'superchainConfig'), to.SuperchainConfig],
    ['L1CrossDomainMessenger', 'portal', await read(messenger, 'portal'), to.OptimismPortal],
    [
      'L1CrossDomainMessenger',
      'otherMessenger',
      await read(messenger, 'otherMessenger'),
      predeploys.L2CrossDomainMessenger,
    ],
    ['L1StandardBridge', 'messenger', await read(bridge, 'messenger'), to.L1CrossDomainMessenger],
    ['L1StandardBridge', 'otherBridge', await read(bridge, 'otherBridge'), predeploys.L2StandardBridge],
  ]
  for (const [contract, what, given, expected] of expectations)
    expectSame(contract, what, String(given), expected)
}

async function assertRoles(client: Client, { contracts, config }: AssertL1Parameters): Promise<void> {
  const oracle = { address: contracts.L2OutputOracle, abi: l2OutputOracleAbi } as const
  const proposer = { address: contracts.OutputProposer, abi: outputProposer.abi } as const
  const portal = { address: contracts.OptimismPortal, abi: optimismPortalAbi } as const
  const system = { address: contracts.SystemConfig, abi: loadArtifact('op', 'SystemConfig').abi }
  const authorities: [string, string, unknown, string][] = [
    [
      'L2OutputOracle',
      'proposer',
      await readContract(client, { ...oracle, functionName: 'proposer' }),
      contracts.OutputProposer,
    ],
    [
      'L2OutputOracle',
      'challenger',
      await readContract(client, { ...oracle, functionName: 'challenger' }),
      config.roles.challenger,
    ],
    [
      'OutputProposer',
      'ORACLE',
      await readContract(client, { ...proposer, functionName: 'ORACLE' }),
      contracts.L2OutputOracle,
    ],
    [
      'OutputProposer',
      'OPERATOR',
      await readContract(client, { ...proposer, functionName: 'OPERATOR' }),
      config.roles.proposer,
    ],
    [
      'OptimismPortal',
      'guardian',
      await readContract(client, { ...portal, functionName: 'guardian' }),
      config.roles.guardian,
    ],
    [
      'SystemConfig',
      'batcherHash',
      await readContract(client, { ...system, functionName: 'batcherHash' }),
      pad(config.roles.batcher),
    ],
    [
      'SystemConfig',
      'unsafeBlockSigner',
      await readContract(client, { ...system, functionName: 'unsafeBlockSigner' }),
      config.roles.unsafeBlockSigner,
    ],
  ]
  for (const [contract, role, given, expected] of authorities)
    expectAuthority(contract, role, String(given), expected)

  const period = await readContract(client, { ...oracle, functionName: 'finalizationPeriodSeconds' })
  if (period !== BigInt(config.bridge.finalizationPeriodSeconds)) {
    throw new WrongDelayError('L2OutputOracle', period, config.bridge.finalizationPeriodSeconds)
  }
}

async function assertOutputTerms(client: Client, { contracts, config }: AssertL1Parameters): Promise<void> {
  const proposer = { address: contracts.OutputProposer, abi: outputProposer.abi } as const
  const terms = outputTerms(config)
  const expectations = [
    ['SILENCE_SECONDS', terms.silenceSeconds],
    ['WINDOW_SECONDS', terms.windowSeconds],
    ['BOND', terms.bond],
    ['BOND_SECONDS', BigInt(bondSeconds)],
  ] as const
  for (const [what, expected] of expectations) {
    const given = await readContract(client, { ...proposer, functionName: what })
    expectSame('OutputProposer', what, String(given), String(expected))
  }
}

async function assertOwners(client: Client, contracts: L1Contracts): Promise<void> {
  const owned = [
    'ProxyAdmin',
    'SystemConfig',
    'ProtocolVersions',
    'DisputeGameFactory',
    'AddressManager',
  ] as const
  for (const name of owned) {
    const { abi } = loadArtifact('op', name)
    const owner = await readContract(client, { address: contracts[name], abi, functionName: 'owner' })
    const expected = name === 'AddressManager' ? contracts.ProxyAdmin : contracts.Timelock
    expectAuthority(name, 'owner', String(owner), expected)
  }
}

/** Holds for both timelocks: the delay, the governor alone proposes and cancels, no admin beside the timelock. */
export async function assertTimelock(client: Client, address: Address, config: DeployConfig): Promise<void> {
  const timelock = { address, abi: timelockControllerAbi } as const
  const delay = await readContract(client, { ...timelock, functionName: 'getMinDelay' })
  if (delay !== BigInt(config.timelockDelaySeconds))
    throw new WrongDelayError('Timelock', delay, config.timelockDelaySeconds)

  const role = (name: string) => keccak256(stringToHex(name))
  const { governor } = config.roles
  const holders: [string, Hex, Address][] = [
    ['proposer', role('PROPOSER_ROLE'), governor],
    ['canceller', role('CANCELLER_ROLE'), governor],
    ['executor', role('EXECUTOR_ROLE'), zeroAddress],
    ['admin', zeroHash, address],
  ]
  for (const [name, id, account] of holders) {
    const has = await readContract(client, { ...timelock, functionName: 'hasRole', args: [id, account] })
    if (!has) throw new WrongAuthorityError('Timelock', name, 'somebody else', account)
  }
}

function expectSame(contract: string, what: string, given: string, expected: string): void {
  if (given.toLowerCase() !== expected.toLowerCase())
    throw new WrongWiringError(contract, what, given, expected)
}

function expectAuthority(contract: string, role: string, given: string, expected: string): void {
  if (given.toLowerCase() !== expected.toLowerCase())
    throw new WrongAuthorityError(contract, role, given, expected)
}
