import { type Abi, type Address, type Hex, stringToHex } from 'viem'
import { allDone } from '../allDone.ts'
import { type ArtifactSource, loadArtifact } from '../artifacts.ts'
import { WrongContractAddressError } from '../errors.ts'
import { listing } from '../generated/abi.ts'
import { hashsandPredeploys, predeploys, preinstalls } from '../generated/addresses.ts'
import type { l2ContractNames } from '../manifest.ts'
import { assertTimelock } from './assertions.ts'
import type { DeployConfig } from './config.ts'
import { type Create2Deployment, create2Deployment } from './create2.ts'
import { type FeedKind, feedDeployments, feedName, oracleDeployments } from './oracle.ts'
import { type DeployClient, openSender, type Sender } from './send.ts'
import { l2TimelockDeployment } from './timelock.ts'
import { bridgedToken, type TokenDefinition } from './token.ts'

export type L2Contracts = Record<(typeof l2ContractNames)[number], Address>

export type Feed = FeedKind & { address: Address }

export type DeployL2Parameters = {
  config: DeployConfig
  tokens: readonly TokenDefinition[]
  onProgress?: (step: string) => void
}

/** Every contract of the deploy script, with where it will be. Pure: the addresses depend on nothing but the config. */
export function l2Deployments(config: DeployConfig) {
  const descriptorLibrary = plain('uniswap-periphery', 'libraries/NFTDescriptor')
  const factory = plain('uniswap-core', 'UniswapV3Factory')
  const descriptor = create2Deployment(
    linked('uniswap-periphery', 'NonfungibleTokenPositionDescriptor', {
      NFTDescriptor: descriptorLibrary.address,
    }),
    [predeploys.WETH, stringToHex('ETH', { size: 32 })],
  )
  const weth = predeploys.WETH
  const manager = plain('uniswap-periphery', 'NonfungiblePositionManager', [
    factory.address,
    weth,
    descriptor.address,
  ])
  return {
    Timelock: l2TimelockDeployment(config),
    UniswapV3Factory: factory,
    NFTDescriptor: descriptorLibrary,
    NonfungibleTokenPositionDescriptor: descriptor,
    NonfungiblePositionManager: manager,
    SwapRouter: plain('uniswap-periphery', 'SwapRouter', [factory.address, weth]),
    QuoterV2: plain('uniswap-periphery', 'lens/QuoterV2', [factory.address, weth]),
    Listing: create2Deployment(listing, [hashsandPredeploys.Ledger, factory.address, manager.address]),
    ...oracleDeployments(),
  } satisfies Record<string, Create2Deployment>
}

/**
 * Brings to L2 what is neither predeploy nor preinstall. Every address is known beforehand and looked at first, so
 * the script may be run again at any time, after any interruption.
 */
export async function deployL2(
  client: DeployClient,
  { config, tokens, onProgress }: DeployL2Parameters,
): Promise<{ contracts: L2Contracts; feeds: Feed[]; tokens: Address[] }> {
  const sender = await openSender(client)
  const deployments = l2Deployments(config)
  onProgress?.('L2: timelock, Uniswap, listing and oracle')
  await allDone(Object.entries(deployments).map(([name, deployment]) => bring(sender, name, deployment)))
  await assertTimelock(client, deployments.Timelock.address, config)
  const feeds = feedDeployments(config.networks.length)
  await allDone(feeds.map(({ deployment, ...kind }) => bring(sender, feedName(kind), deployment)))

  onProgress?.('L2: tokens')
  const addresses = await allDone(tokens.map((token) => createPair(sender, token)))
  return {
    contracts: {
      Timelock: deployments.Timelock.address,
      UniswapV3Factory: deployments.UniswapV3Factory.address,
      NonfungiblePositionManager: deployments.NonfungiblePositionManager.address,
      SwapRouter: deployments.SwapRouter.address,
      QuoterV2: deployments.QuoterV2.address,
      Listing: deployments.Listing.address,
      SignerBonds: deployments.SignerBonds.address,
      EthereumRelay: deployments.EthereumRelay.address,
    },
    feeds: feeds.map(({ deployment, ...kind }) => ({ ...kind, address: deployment.address })),
    tokens: addresses,
  }
}

function plain(source: ArtifactSource, name: string, args: readonly unknown[] = []): Create2Deployment {
  return create2Deployment(loadArtifact(source, name), args)
}

/** Fills library addresses into creation code. */
function linked(
  source: ArtifactSource,
  name: string,
  libraries: Record<string, Address>,
): { abi: Abi; bytecode: Hex } {
  const { abi, bytecode: unlinked, links } = loadArtifact(source, name)
  let bytecode = unlinked
  for (const [library, places] of Object.entries(links)) {
    const address = libraries[library]
    if (address === undefined)
      throw new WrongContractAddressError(library, 'no address', `a library of ${name}`)
    for (const start of places) bytecode = splice(bytecode, start, address)
  }
  return { abi, bytecode }
}

function splice(code: Hex, start: number, address: Address): Hex {
  const at = 2 + start * 2
  // Safe: hexadecimal before and behind.
  return `${code.slice(0, at)}${address.slice(2).toLowerCase()}${code.slice(at + 40)}` as Hex
}

async function bring(sender: Sender, name: string, { address, calldata }: Create2Deployment): Promise<void> {
  await sender.ensure(name, address, preinstalls.DeterministicDeploymentProxy, calldata)
}

async function createPair(sender: Sender, token: TokenDefinition): Promise<Address> {
  const { address, calldata } = bridgedToken(token)
  await sender.ensure(token.symbol, address, predeploys.OptimismMintableERC20Factory, calldata)
  return address
}
