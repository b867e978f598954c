import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Abi,
  type Address,
  concat,
  encodeFunctionData,
  getAddress,
  type Hex,
  pad,
  parseGwei,
  toHex,
  zeroAddress,
} from 'viem'
import { getBlock, getBlockNumber, getCode } from 'viem/actions'
import { parseEther } from 'viem/utils'
import { allDone } from '../allDone.ts'
import { loadArtifact } from '../artifacts.ts'
import { anvil } from '../engine/anvil/rpc.ts'
import { outputProposer, testWBTC } from '../generated/abi.ts'
import { opConstants, preinstalls } from '../generated/addresses.ts'
import { preinstallCodes } from '../genesis/preinstalls.ts'
import { assertL1Deployment } from './assertions.ts'
import type { DeployConfig, L1Contracts, L1Deployment } from './config.ts'
import { PreinstallMissingError, StartBlockGoneError } from './errors.ts'
import { outputProposerArguments } from './outputProposer.ts'
import { type DeployClient, openSender, type Sender, type Transact } from './send.ts'
import { timelockArguments } from './timelock.ts'

export const L2_GAS_LIMIT = 30_000_000n
const TEST_ETHER = parseEther('10000')

/** The metering of deposits that OP's own deployments use. */
const resourceConfig = {
  maxResourceLimit: 20_000_000,
  elasticityMultiplier: 10,
  baseFeeMaxChangeDenominator: 8,
  minimumBaseFee: Number(parseGwei('1')),
  systemTxMaxGas: 1_000_000,
  maximumBaseFee: 2n ** 128n - 1n,
}

/** What L1 must have at its usual address: batches of calls, and deployments at addresses known beforehand. */
const required = ['MultiCall3', 'DeterministicDeploymentProxy'] as const

const proxied = [
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
] as const
type Proxied = (typeof proxied)[number]

/** Answers what `make` answered when it was asked under this name for the first time. Values are JSON. */
export type Decide = <T>(name: string, make: () => Promise<T>) => Promise<T>

export type DeployL1Parameters = {
  config: DeployConfig
  onProgress?: (step: string) => void
  /** Absent: transactions are sent at once, and a script that was cut off begins anew. */
  transact?: Transact
  /** Keeps what is decided on the way, so that a script that was cut off goes on with the same. */
  decide?: Decide
  /** How many L1 blocks must stand on the one from which L2 starts, on an L1 that may lose its newest. */
  confirmations?: number
}

/**
 * Deploys the L1 side of the chain and asserts it. The timelock takes over last: until then the deployer could still
 * change everything, afterwards it can do nothing.
 */
export async function deployL1(
  client: DeployClient,
  { config, onProgress, transact, decide = (_, make) => make(), confirmations = 0 }: DeployL1Parameters,
): Promise<L1Deployment> {
  if (config.testL1 !== undefined) await prepareTestL1(client, config.testL1.funded)
  await requirePreinstalls(client)
  const sender = await openSender(client, transact)

  onProgress?.('L1: proxies and implementations')
  const core = await deployAdmin(sender)
  const { proxies, implementations } = await deployProxies(sender, core.ProxyAdmin)
  const [timelock, proposer] = await allDone([
    deployTimelock(sender, config),
    sender.deploy('OutputProposer', outputProposer, outputProposerArguments(config, proxies.L2OutputOracle)),
  ])
  const contracts: L1Contracts = {
    ...core,
    ...proxies,
    // Safe: two promises, two answers.
    OutputProposer: proposer as Address,
    Timelock: timelock as Address,
    Multicall3: preinstalls.MultiCall3,
  }

  onProgress?.('L1: initialisation')
  const now = await decide('oracleStartTime', async () => Number((await getBlock(client)).timestamp))
  const startTime = now - config.bridge.scheduleHeadStartSeconds
  const calls = initializers(contracts, config, client.account.address, startTime)
  const initialized = proxied.map((name) => {
    const data = encodeFunctionData({ abi: abiOf(name), functionName: 'initialize', args: calls[name] })
    const args = [contracts[name], implementations[name], data]
    const to = contracts.ProxyAdmin
    return sender.call(`${name}.initialize`, to, abiOf('ProxyAdmin'), 'upgradeAndCall', args)
  })
  const test = config.wbtc === undefined ? [sender.deploy('TestWBTC', testWBTC)] : []
  await allDone<unknown>([...initialized, ...test])
  const [wbtc = config.wbtc] = await Promise.all(test)

  onProgress?.('L1: hand over to the timelock')
  await handOver(sender, contracts)
  await assertL1Deployment(client, { contracts, implementations, config, initializers: calls })

  const genesis = await getBlock(client, { blockNumber: 0n })
  const startBlock = await decide('startBlock', () => settledBlock(client, confirmations))
  const { hash } = await getBlock(client, { blockNumber: BigInt(startBlock.number) })
  if (hash !== startBlock.hash) throw new StartBlockGoneError(startBlock.number, startBlock.hash, hash)
  // Safe: configured or just deployed.
  return { genesisHash: genesis.hash, contracts, wbtc: wbtc as Address, startBlock }
}

/** The newest block, once enough others stand on it. */
async function settledBlock(
  client: DeployClient,
  confirmations: number,
): Promise<L1Deployment['startBlock']> {
  const number = await getBlockNumber(client, { cacheTime: 0 })
  while ((await getBlockNumber(client, { cacheTime: 0 })) < number + BigInt(confirmations)) {
    await sleep(client.pollingInterval)
  }
  const { hash } = await getBlock(client, { blockNumber: number })
  return { number: Number(number), hash }
}

/** What a public L1 has and a fresh test node has not. */
async function prepareTestL1(client: DeployClient, funded: readonly Address[]): Promise<void> {
  // The zero address pays where a client estimates gas without naming a sender, as OP's SDK does.
  for (const address of [client.account.address, zeroAddress, ...funded]) {
    await anvil(client, 'anvil_setBalance', [address, toHex(TEST_ETHER)])
  }
  for (const name of required) {
    await anvil(client, 'anvil_setCode', [preinstalls[name], preinstallCodes[name]])
  }
}

export async function requirePreinstalls(client: DeployClient): Promise<void> {
  for (const name of required) {
    const code = await getCode(client, { address: preinstalls[name] })
    if (code === undefined) throw new PreinstallMissingError(name, preinstalls[name], client.chain.id)
  }
}

async function deployAdmin(sender: Sender) {
  const AddressManager = await sender.deploy('AddressManager', loadArtifact('op', 'AddressManager'))
  const ProxyAdmin = await sender.deploy('ProxyAdmin', loadArtifact('op', 'ProxyAdmin'), [
    sender.client.account.address,
  ])
  await sender.call('ProxyAdmin.setAddressManager', ProxyAdmin, abiOf('ProxyAdmin'), 'setAddressManager', [
    AddressManager,
  ])
  return { AddressManager, ProxyAdmin }
}

async function deployProxies(sender: Sender, admin: Address) {
  const proxies: Partial<Record<Proxied, Address>> = {}
  const implementations: Partial<Record<Proxied, Address>> = {}
  await allDone(
    proxied.flatMap((name) => [
      sender.deploy(`${name} proxy`, loadArtifact('op', 'Proxy'), [admin]).then((address) => {
        proxies[name] = address
      }),
      sender.deploy(name, loadArtifact('op', name)).then((address) => {
        implementations[name] = address
      }),
    ]),
  )
  // Safe: every name was deployed twice.
  return {
    proxies: proxies as Record<Proxied, Address>,
    implementations: implementations as Record<Proxied, Address>,
  }
}

function deployTimelock(sender: Sender, config: DeployConfig): Promise<Address> {
  const artifact = loadArtifact('openzeppelin', 'TimelockController')
  return sender.deploy('TimelockController', artifact, timelockArguments(config))
}

/** The arguments of every `initialize`, by contract. */
function initializers(
  to: L1Contracts,
  config: DeployConfig,
  owner: Address,
  startTime: number,
): Record<Proxied, readonly unknown[]> {
  const { roles, bridge } = config
  const interval = BigInt(bridge.submissionIntervalBlocks)
  const blockTime = BigInt(config.l2.blockTimeSeconds)
  const finalization = BigInt(bridge.finalizationPeriodSeconds)
  return {
    SuperchainConfig: [roles.guardian, false],
    ProtocolVersions: [to.Timelock, 0n, 0n],
    L2OutputOracle: [
      interval,
      blockTime,
      0n,
      BigInt(startTime),
      to.OutputProposer,
      roles.challenger,
      finalization,
    ],
    OptimismPortal: [to.L2OutputOracle, to.SystemConfig, to.SuperchainConfig],
    SystemConfig: systemConfigArguments(to, config, owner),
    L1StandardBridge: [to.L1CrossDomainMessenger, to.SuperchainConfig, to.SystemConfig],
    L1ERC721Bridge: [to.L1CrossDomainMessenger, to.SuperchainConfig],
    OptimismMintableERC20Factory: [to.L1StandardBridge],
    L1CrossDomainMessenger: [to.SuperchainConfig, to.OptimismPortal, to.SystemConfig],
    DisputeGameFactory: [to.Timelock],
  }
}

function systemConfigArguments(to: L1Contracts, config: DeployConfig, owner: Address): readonly unknown[] {
  return [
    owner,
    config.feeScalars.baseFee,
    config.feeScalars.blobBaseFee,
    pad(config.roles.batcher),
    L2_GAS_LIMIT,
    config.roles.unsafeBlockSigner,
    resourceConfig,
    batchInbox(config.l2.chainId),
    {
      l1CrossDomainMessenger: to.L1CrossDomainMessenger,
      l1ERC721Bridge: to.L1ERC721Bridge,
      l1StandardBridge: to.L1StandardBridge,
      disputeGameFactory: to.DisputeGameFactory,
      optimismPortal: to.OptimismPortal,
      optimismMintableERC20Factory: to.OptimismMintableERC20Factory,
      // Ether pays for gas on L2.
      gasPayingToken: opConstants.Ether,
    },
  ]
}

/** Where batches are sent: 0xff, zeros, and the chain id in decimal digits, as OP chains do. */
export function batchInbox(chainId: number): Address {
  const digits: Hex = `0x${String(chainId).padStart(38, '0')}`
  return getAddress(concat([toHex(0xff), digits]))
}

async function handOver(sender: Sender, contracts: L1Contracts): Promise<void> {
  const give = (name: 'AddressManager' | 'SystemConfig' | 'ProxyAdmin', to: Address) =>
    sender.call(`${name}.transferOwnership`, contracts[name], abiOf(name), 'transferOwnership', [to])
  await allDone([
    give('AddressManager', contracts.ProxyAdmin),
    give('SystemConfig', contracts.Timelock),
    give('ProxyAdmin', contracts.Timelock),
  ])
}

function abiOf(name: string): Abi {
  return loadArtifact('op', name).abi
}
