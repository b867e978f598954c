import { type Abi, type Address, getAddress, type Hex, pad, stringToHex, toHex } from 'viem'
import { loadArtifact } from '../artifacts.ts'
import { eip1967Slot } from '../deploy/assertions.ts'
import { type DeployConfig, type L1Contracts, type NetworkConfig, networkClasses } from '../deploy/config.ts'
import { l2Timelock } from '../deploy/timelock.ts'
import { bitcoinRelay, ledger, rewardIndex } from '../generated/abi.ts'
import { hashsandPredeploys, opConstants, predeploys, preinstalls } from '../generated/addresses.ts'
import type { GenesisAccounts } from './account.ts'
import { TwoBitcoinNetworksError } from './errors.ts'
import { preinstallsOf } from './preinstalls.ts'
import { type Scratch, withScratch } from './scratch.ts'

const ALL_PROXIES = 2_048
const PRECOMPILES = 256
/** Fees are withdrawn to L1. */
const NETWORK_L1 = 0

/** Stand at their address themselves, without a proxy. */
const unproxied: ReadonlySet<string> = new Set(['WETH', 'GovernanceToken'])

/**
 * Block 0 of L2 as plain data. Contracts with constructors, immutables or initialisers run them on a scratch node at
 * their final addresses, so no storage slot and no immutable is written by hand.
 */
export async function buildGenesis(config: DeployConfig, l1: L1Contracts): Promise<GenesisAccounts> {
  const accounts: GenesisAccounts = await withScratch(config.l2.chainId, async (scratch) => {
    await setProxies(scratch)
    await constructPredeploys(scratch, config, l1)
    await constructOurs(scratch, config)
    return scratch.contracts()
  })
  if (config.predeployProxies === 'full') addUnusedProxies(accounts)
  for (const [address, code] of preinstallsOf(config.l2.chainId)) accounts.set(address, { code, nonce: 1n })
  accounts.set(preinstalls.BeaconBlockRootsSender, { nonce: 1n })
  for (let i = 0; i < PRECOMPILES; i++) {
    const address = getAddress(toHex(i, { size: 20 }))
    accounts.set(address, { ...accounts.get(address), balance: 1n })
  }
  return accounts
}

/** `0x4200…0000` plus `index`. */
function namespaced(index: number): Address {
  return getAddress(toHex(BigInt(predeploys.LegacyMessagePasser) + BigInt(index), { size: 20 }))
}

/** Where the implementation behind a predeploy's proxy lives. */
export function implementationOf(predeploy: Address): Address {
  const low = BigInt(predeploy) & 0xffffn
  return getAddress(toHex(BigInt(opConstants.CodeNamespace) + low, { size: 20 }))
}

function proxyIndices(count: number): number[] {
  const skipped: Address[] = [predeploys.WETH, predeploys.GovernanceToken]
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) => !skipped.includes(namespaced(index)),
  )
}

const trimmedCount = Number(BigInt(predeploys.GovernanceToken) & 0xffffn)
const proxyCode = () => loadArtifact('op', 'Proxy').deployedBytecode
const adminWord = pad(predeploys.ProxyAdmin)

async function setProxies(scratch: Scratch): Promise<void> {
  for (const index of proxyIndices(trimmedCount)) {
    await scratch.setCode(namespaced(index), proxyCode())
    await scratch.setStorage(namespaced(index), eip1967Slot('admin'), adminWord)
  }
}

function addUnusedProxies(accounts: GenesisAccounts): void {
  for (const index of proxyIndices(ALL_PROXIES)) {
    if (accounts.has(namespaced(index))) continue
    accounts.set(namespaced(index), {
      code: proxyCode(),
      nonce: 0n,
      storage: { [eip1967Slot('admin')]: adminWord.toLowerCase() as Hex },
    })
  }
}

/** Constructor arguments of the predeploys in use. */
function constructorArguments(config: DeployConfig, l1: L1Contracts): Record<string, readonly unknown[]> {
  const feeVault = [l1.Timelock, 0n, NETWORK_L1]
  return {
    LegacyMessagePasser: [],
    DeployerWhitelist: [],
    WETH: [],
    L2CrossDomainMessenger: [],
    GasPriceOracle: [],
    L2StandardBridge: [],
    SequencerFeeVault: feeVault,
    OptimismMintableERC20Factory: [],
    L1BlockNumber: [],
    L2ERC721Bridge: [],
    L1Block: [],
    L2ToL1MessagePasser: [],
    OptimismMintableERC721Factory: [predeploys.L2ERC721Bridge, BigInt(config.l1.chainId)],
    ProxyAdmin: [l2Timelock(config)],
    BaseFeeVault: feeVault,
    L1FeeVault: feeVault,
    SchemaRegistry: [],
    EAS: [],
  }
}

async function constructPredeploys(scratch: Scratch, config: DeployConfig, l1: L1Contracts): Promise<void> {
  for (const [name, args] of Object.entries(constructorArguments(config, l1))) {
    // Safe: the names above are those of Predeploys.sol.
    const address = predeploys[name as keyof typeof predeploys]
    if (unproxied.has(name)) {
      await scratch.construct(name, address, loadArtifact('op', name), args)
      continue
    }
    const implementation = implementationOf(address)
    await scratch.construct(name, implementation, loadArtifact('op', name), args)
    await scratch.setStorage(address, eip1967Slot('implementation'), pad(implementation))
  }

  const initialize = (name: keyof typeof predeploys, argument: Address) =>
    scratch.send(opConstants.EstimationAddress, predeploys[name], abiOf(name), 'initialize', [argument])
  await initialize('L2CrossDomainMessenger', l1.L1CrossDomainMessenger)
  await initialize('L2StandardBridge', l1.L1StandardBridge)
  await initialize('L2ERC721Bridge', l1.L1ERC721Bridge)
  await initialize('OptimismMintableERC20Factory', predeploys.L2StandardBridge)
  for (const fork of ['setEcotone', 'setFjord']) {
    await scratch.send(opConstants.DepositorAccount, predeploys.GasPriceOracle, abiOf('GasPriceOracle'), fork)
  }
  // ProxyAdmin has no initialiser: its owner is the first word, behind the proxy as in the implementation.
  await scratch.setStorage(predeploys.ProxyAdmin, pad('0x'), pad(l2Timelock(config)))
}

async function constructOurs(scratch: Scratch, config: DeployConfig): Promise<void> {
  await scratch.construct('RewardIndex', hashsandPredeploys.RewardIndex, artifactOf(rewardIndex), [
    config.clock,
    l2Timelock(config),
    config.networks.map(networkArgument),
  ])
  await scratch.construct('Ledger', hashsandPredeploys.Ledger, artifactOf(ledger))
  const relay = relayArgument(config)
  if (relay !== undefined)
    await scratch.construct('BitcoinRelay', hashsandPredeploys.BitcoinRelay, artifactOf(bitcoinRelay), [
      relay,
    ])
}

/** What the BitcoinRelay predeploy is constructed with; undefined where it proves no network. */
export function relayArgument({ networks }: Pick<DeployConfig, 'networks'>) {
  const [proven, ...others] = networks.flatMap(({ bitcoin, firstDay }, position) =>
    bitcoin === undefined ? [] : [{ ...bitcoin, firstDay, network: position + 1 }],
  )
  if (others.length > 0) throw new TwoBitcoinNetworksError(others.length + 1)
  return proven && { ...proven, rewardIndex: hashsandPredeploys.RewardIndex }
}

/** A network in the form of RewardIndex's constructor. */
export function networkArgument({ name, unit, bitcoin: _, ...network }: NetworkConfig) {
  return {
    ...network,
    name: stringToHex(name, { size: 32 }),
    unit: stringToHex(unit, { size: 32 }),
    class: networkClasses.indexOf(network.class),
  }
}

function artifactOf({ abi, bytecode }: { abi: Abi; bytecode: Hex }) {
  return { abi, bytecode, deployedBytecode: '0x' as const, links: {} }
}

function abiOf(name: string): Abi {
  return loadArtifact('op', name).abi
}
