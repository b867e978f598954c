import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Account,
  type Address,
  type Chain,
  createClient,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  type PublicClient,
  parseEther,
  type TransactionReceipt,
  type Transport,
  toHex,
  type WalletClient,
} from 'viem'
import { l1Chain, l2Chain } from '../../chain/chains.ts'
import { deployL1 } from '../../chain/deploy/l1.ts'
import { l1Arguments } from '../../chain/engine/anvil/l1.ts'
import { buildGenesis } from '../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../chain/genesis/inject.ts'
import { type Manifest, writeManifest } from '../../chain/manifest.ts'
import { createKeysFile, type Keys, readKeys } from '../../services/runtime/keys.ts'
import { freePort, startAnvil } from '../bridge/anvilNode.ts'
import { testConfig } from '../services/sequencerNetwork.ts'

export type Wallet = WalletClient<Transport, Chain, Account>

/** The real contracts on two anvils, whose blocks are made when the bench says so. For the service L2 is an engine's that it only watches. */
export type BridgeChains = {
  dir: string
  manifest: Manifest
  manifestPath: string
  keysPath: string
  keys: Keys
  /** The user's, for clients that sign by themselves. */
  userKey: Hex
  l1: PublicClient
  l2: PublicClient
  l1Wallet: Wallet
  l2Wallet: Wallet
  stop(): Promise<void>
}

/** Far more than a real L1: what is measured is not the making of these blocks. A transaction has at most 2^24 of it there. */
const l1BlockGas = 1_000_000_000n
const l2BlockGas = 2_000_000_000n
const ether = { name: 'Ether', symbol: 'ETH', decimals: 18 }
const l2Arguments = ['--network', 'optimism', '--hardfork', 'granite', '--order', 'fifo']
export const finalizationPeriodSeconds = 5
/** Far apart, as each of them is proposed in a block of its own. */
const submissionIntervalBlocks = 100

export async function startBridgeChains(): Promise<BridgeChains> {
  const dir = await mkdtemp(join(tmpdir(), 'hashsand-bench-'))
  const keysPath = join(dir, 'keys.json')
  await createKeysFile(keysPath)
  const keys = await readKeys(keysPath)
  const standard = testConfig(keys, finalizationPeriodSeconds)
  const config = { ...standard, bridge: { ...standard.bridge, submissionIntervalBlocks } }
  const node = (chainId: number, gas: bigint, args: readonly string[]) =>
    startAnvil([
      ...['--chain-id', `${chainId}`, '--gas-limit', `${gas}`, '--cache-path', join(dir, `${chainId}`)],
      ...['--accounts', '0', '--no-mining', '--no-request-size-limit', ...args],
    ])
  const l1Node = await node(900, l1BlockGas, l1Arguments)
  const l2Node = await node(901, l2BlockGas, l2Arguments)
  const connect = (url: string) =>
    createPublicClient({ transport: http(url, { timeout: 120_000 }), cacheTime: 0, pollingInterval: 20 })
  const [l1, l2] = [connect(l1Node.url), connect(l2Node.url)]

  await rpc(l1, 'evm_setAutomine', true)
  const deployer = createClient({
    account: keys.deployer,
    chain: defineChain({
      id: 900,
      name: 'bench',
      nativeCurrency: ether,
      rpcUrls: { default: { http: [l1Node.url] } },
    }),
    transport: http(l1Node.url),
    pollingInterval: 20,
  })
  const { contracts, startBlock, genesisHash } = await deployL1(deployer, { config })
  await injectGenesis(l2Node.url, await buildGenesis(config, contracts))
  await rpc(l2, 'evm_setBlockGasLimit', toHex(l2BlockGas))
  for (const client of [l1, l2]) {
    for (const role of ['user', 'sequencer', 'proposer'] as const) {
      await rpc(client, 'anvil_setBalance', keys[role].address, toHex(parseEther('1000000')))
    }
  }
  await rpc(l1, 'evm_setAutomine', false)

  const l2Genesis = await l2.getBlock({ blockNumber: 0n })
  const manifest: Manifest = {
    ...{ version: 1, name: 'bench', engine: 'op-stack', tokens: [], networks: [], indices: [] },
    l1: { chainId: 900, rpcUrl: l1Node.url, genesisHash, blockTimeSeconds: 1, startBlock, contracts },
    l2: { chainId: 901, rpcUrl: l2Node.url, genesisHash: l2Genesis.hash, blockTimeSeconds: 1 },
    bridge: {
      submissionIntervalBlocks: config.bridge.submissionIntervalBlocks,
      finalizationPeriodSeconds,
      sequencingWindowBlocks: config.bridge.sequencingWindowBlocks,
    },
    services: { sequencer: `http://127.0.0.1:${await freePort()}` },
  }
  const manifestPath = join(dir, 'manifest.json')
  await writeManifest(manifestPath, manifest)
  const wallet = (chain: Chain, url: string) =>
    createWalletClient({ account: keys.user, chain, transport: http(url), pollingInterval: 20 })
  return {
    ...{ dir, manifest, manifestPath, keysPath, keys, l1, l2 },
    // Safe: the file was made above.
    userKey: (JSON.parse(await readFile(keysPath, 'utf8')) as { user: Hex }).user,
    l1Wallet: wallet(l1Chain(manifest), l1Node.url),
    l2Wallet: wallet(l2Chain(manifest), l2Node.url),
    stop: async () => {
      await Promise.all([l1Node.kill(), l2Node.kill()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A method that viem does not type for an ordinary client. */
export function rpc<Answer>(client: PublicClient, method: string, ...params: unknown[]): Promise<Answer> {
  // Safe: the caller names the answer of a method that it knows.
  return client.request({ method, params } as never) as Promise<Answer>
}

export async function mine(client: PublicClient, blocks = 1): Promise<void> {
  await rpc(client, 'anvil_mine', toHex(blocks))
}

/** Sends, puts it into a block of its own, and answers what came of it. */
export async function mined(
  client: PublicClient,
  wallet: Wallet,
  call: { to?: Address; data: Hex; value?: bigint; gas: bigint },
): Promise<TransactionReceipt> {
  const hash = await wallet.sendTransaction(call)
  await mine(client)
  const receipt = await client.getTransactionReceipt({ hash })
  if (receipt.status !== 'success') throw new Error(`${hash} reverted`)
  return receipt
}
