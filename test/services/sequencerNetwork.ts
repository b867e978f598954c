import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Account,
  type Address,
  type Chain,
  createPublicClient,
  createWalletClient,
  type Hash,
  type Hex,
  http,
  type PublicClient,
  parseEther,
  type TransactionReceipt,
  type Transport,
  type WalletClient,
} from 'viem'
import { type Call, depositEtherCall, sendWithHeadroom } from '../../bridge/actions.ts'
import { l1Chain, l2Chain } from '../../chain/chains.ts'
import type { DeployConfig } from '../../chain/deploy/config.ts'
import { bridgedToken } from '../../chain/deploy/token.ts'
import { openDumpStore } from '../../chain/engine/anvil/dump.ts'
import { anvilPaths, startAnvilEngine } from '../../chain/engine/anvil/engine.ts'
import { stopOrphans } from '../../chain/engine/anvil/node.ts'
import type { AnvilEngine } from '../../chain/engine/engine.ts'
import { testWBTC } from '../../chain/generated/abi.ts'
import { predeploys } from '../../chain/generated/addresses.ts'
import { type Manifest, writeManifest } from '../../chain/manifest.ts'
import { createKeysFile, type Keys, type Role, readKeys, roles } from '../../services/runtime/keys.ts'
import { type AnvilNode, freePort, startAnvil } from '../bridge/anvilNode.ts'

export type Wallet = WalletClient<Transport, Chain, Account>

export type Ending = { code: number | null; signal: NodeJS.Signals | null }

export type TestNetwork = {
  dir: string
  manifest: Manifest
  keys: Keys
  /** The user's private key, for clients that sign by themselves. */
  userKey: Hex
  l1: PublicClient
  /** Users' way: through the sequencer's front. */
  l2: PublicClient
  /** The L2 node itself. */
  l2Node: PublicClient
  l1Wallet(role: Role): Wallet
  l2Wallet(role: Role): Wallet
  wbtc: { l1: Address; l2: Address }
  startSequencer(): Promise<void>
  /** Starts one with more settings, and waits for its end. */
  runSequencer(env: Record<string, string>): Promise<Ending>
  /** Starts a second one beside it, with settings of its own if any, and answers how it ended. */
  runSecond(env?: Record<string, string>): Promise<{ code: number | null; words: string }>
  /** `kill -9` of the sequencer alone. */
  killSequencer(): Promise<void>
  /** `kill -9` of everything, then everything from disk. */
  killAll(): Promise<void>
  /** `kill -9` of the L2 node alone, and its newest state in another one: the states before it are gone. */
  restartL2Node(): Promise<void>
  /** Holds its process up, or lets it go on. */
  signalSequencer(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** What its process takes of the machine. */
  sequencerSize(): { megabytes: number; handles: number }
  /** How the sequencer ended, once it has. */
  sequencerExit(): Promise<number | null>
  ask<Answer>(path: string): Promise<Answer>
  close(): Promise<void>
}

const repository = join(import.meta.dirname, '..', '..')
const otherClock = join(import.meta.dirname, '..', 'support', 'otherClock.js')

/** Both chains with the real contracts, and the sequencer as a process of its own. */
export async function startTestNetwork(
  env: Record<string, string> | ((l1RpcUrl: string) => Promise<Record<string, string>>) = {},
  /** Stands between the sequencer and the L2 node: takes the node's URL and answers its own. */
  between: (l2NodeUrl: string) => Promise<string> = (url) => Promise.resolve(url),
  finalizationPeriodSeconds = 5,
): Promise<TestNetwork> {
  const dir = await mkdtemp(join(tmpdir(), 'sequencer-'))
  const keysPath = join(dir, 'keys.json')
  await createKeysFile(keysPath)
  const keys = await readKeys(keysPath)
  const ports = { l1: await freePort(), l2: await freePort() }
  const front = await freePort()
  const admin = await freePort()
  const config = testConfig(keys, finalizationPeriodSeconds)
  const start = () => startAnvilEngine({ dir: join(dir, 'engine'), ports, config, deployer: keys.deployer })
  let engine = await start()
  engine.exited.catch(() => {})
  const internalRpcUrl = await between(engine.l2RpcUrl)
  const manifest = manifestOf(engine, config, front, admin)
  const manifestPath = join(dir, 'manifest.json')
  await writeManifest(manifestPath, manifest)

  let child: ChildProcess | undefined
  let extraNode: AnvilNode | undefined
  const connect = (url: string) =>
    createPublicClient({ transport: http(url, { retryCount: 3 }), cacheTime: 0, pollingInterval: 50 })
  const [l1, l2, l2Node] = [connect(engine.l1RpcUrl), connect(manifest.l2.rpcUrl), connect(engine.l2RpcUrl)]
  const wallet = (chain: Chain, url: string) => (role: Role) =>
    createWalletClient({ account: keys[role], chain, transport: http(url), pollingInterval: 50 })
  const more = typeof env === 'function' ? await env(engine.l1RpcUrl) : env
  const spawnSequencer = async (own: Record<string, string> = {}) => {
    await mkdir(join(dir, 'logs'), { recursive: true })
    const loaded = 'HASHSAND_TEST_CLOCK' in { ...more, ...own } ? ['--import', otherClock] : []
    const started = spawn(process.execPath, [...loaded, 'services/start.js', 'sequencer'], {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        HASHSAND_MANIFEST: manifestPath,
        HASHSAND_KEYS: keysPath,
        HASHSAND_STATE_DIR: join(dir, 'sequencer'),
        HASHSAND_L1_DURABLE: engine.l1DurablePath,
        HASHSAND_L2_DUMPS: engine.l2DumpDir,
        HASHSAND_L2_INTERNAL_RPC: internalRpcUrl,
        HASHSAND_L2_PORT: String(front),
        HASHSAND_PORT: String(admin),
        HASHSAND_POLL_MS: '50',
        ...more,
        ...own,
      },
    })
    const out = createWriteStream(join(dir, 'logs', 'sequencer.log'), { flags: 'a' })
    started.stdout.pipe(out, { end: false })
    started.stderr.pipe(out, { end: false })
    return started
  }
  const network: TestNetwork = {
    dir,
    manifest,
    keys,
    userKey: (JSON.parse(await readFile(keysPath, 'utf8')) as Record<Role, Hex>).user,
    l1,
    l2,
    l2Node,
    l1Wallet: wallet(l1Chain(manifest), engine.l1RpcUrl),
    l2Wallet: wallet(l2Chain(manifest), manifest.l2.rpcUrl),
    wbtc: { l1: engine.deployment.l1.wbtc, l2: predeploys.WETH },
    startSequencer: async () => {
      child = await spawnSequencer()
      await answering(child, `${manifest.services.sequencer}/healthz`, dir)
    },
    runSequencer: async (settings) => {
      child = await spawnSequencer(settings)
      await once(child, 'exit')
      return { code: child.exitCode, signal: child.signalCode }
    },
    runSecond: async (own) => {
      const second = await spawnSequencer(own)
      const [words] = await Promise.all([
        second.stdout === null ? '' : second.stdout.toArray().then((chunks) => chunks.join('')),
        once(second, 'exit'),
      ])
      return { code: second.exitCode, words }
    },
    killSequencer: async () => {
      if (child !== undefined) await kill(child)
    },
    killAll: async () => {
      if (child !== undefined) await kill(child)
      await stopOrphans(join(dir, 'engine'))
      await engine.exited
      await engine.stop().catch(() => {})
      engine = await start()
      await network.startSequencer()
    },
    restartL2Node: async () => {
      const paths = anvilPaths(join(dir, 'engine'))
      for (const pid of execFileSync('pgrep', ['-f', paths.l2.cache], { encoding: 'utf8' })
        .trim()
        .split('\n')) {
        process.kill(Number(pid), 'SIGKILL')
      }
      const state = join(dir, 'l2-state.json')
      await openDumpStore({ dir: paths.l2.dumps }).extract(state)
      const args = [
        '-n',
        'optimism',
        '--hardfork',
        'granite',
        '--order',
        'fifo',
        '--no-mining',
        '--load-state',
        state,
      ]
      extraNode = await startAnvil([...args, '--chain-id', '901'], ports.l2)
    },
    signalSequencer: (signal) => void child?.kill(signal),
    sequencerSize: () => ({
      megabytes:
        Number(execFileSync('ps', ['-o', 'rss=', '-p', `${child?.pid}`], { encoding: 'utf8' })) / 1_024,
      handles: readdirSync(`/proc/${child?.pid}/fd`).length,
    }),
    sequencerExit: async () => {
      if (child !== undefined && child.exitCode === null && child.signalCode === null)
        await once(child, 'exit')
      return child?.exitCode ?? null
    },
    ask: async <Answer>(path: string) => {
      const response = await fetch(`${manifest.services.sequencer}${path}`)
      return (await response.json()) as Answer
    },
    close: async () => {
      if (child !== undefined) await kill(child)
      await engine.stop()
      await extraNode?.kill()
      await rm(dir, { recursive: true, force: true })
    },
  }
  try {
    await network.startSequencer()
    network.wbtc = await bringWbtc(network)
    manifest.tokens.push({ symbol: 'WBTC', name: 'Wrapped BTC', decimals: 8, ...network.wbtc })
    await writeManifest(manifestPath, manifest)
    return network
  } catch (error) {
    await network.close()
    throw error
  }
}

/** Ether for two users on L2, the L2 end of the pair, coins and an allowance on L1. */
async function bringWbtc(network: TestNetwork): Promise<{ l1: Address; l2: Address }> {
  const { manifest, l2, wbtc } = network
  for (const role of ['deployer', 'user'] as const) {
    const to = network.keys[role].address
    const call = depositEtherCall({ manifest, amount: parseEther('5'), to })
    await onL1(network, role, call)
    await until(async () => (await l2.getBalance({ address: to })) > 0n, 'ether on L2')
  }
  const token = bridgedToken({ l1: wbtc.l1, name: 'Wrapped BTC', symbol: 'WBTC', decimals: 8 })
  const factory = { to: predeploys.OptimismMintableERC20Factory, data: token.calldata }
  await l2.waitForTransactionReceipt({ hash: await network.l2Wallet('deployer').sendTransaction(factory) })
  const user = network.l1Wallet('user')
  const coins = { address: wbtc.l1, abi: testWBTC.abi } as const
  await user.writeContract({ ...coins, functionName: 'faucet', args: [user.account.address, 100_00000000n] })
  const bridge = manifest.l1.contracts.L1StandardBridge
  await minedOn(
    network.l1,
    await user.writeContract({ ...coins, functionName: 'approve', args: [bridge, 2n ** 255n] }),
  )
  return { l1: wbtc.l1, l2: token.address }
}

export async function onL1(
  network: TestNetwork,
  role: Role,
  call: Call & { gas?: bigint },
): Promise<TransactionReceipt> {
  const wallet = network.l1Wallet(role)
  const sent = call.gas === undefined ? sendWithHeadroom(wallet, call) : wallet.sendTransaction(call)
  const receipt = await minedOn(network.l1, await sent)
  if (receipt.status !== 'success') throw new Error(`${receipt.transactionHash} reverted on L1`)
  return receipt
}

export async function minedOn(client: PublicClient, hash: Hash): Promise<TransactionReceipt> {
  return client.waitForTransactionReceipt({ hash, timeout: 60_000 })
}

export async function until(condition: () => Promise<boolean>, what: string, seconds = 90): Promise<void> {
  const deadline = Date.now() + seconds * 1_000
  while (Date.now() < deadline) {
    // A service that is being restarted does not answer.
    if (await condition().catch(() => false)) return
    await sleep(100)
  }
  throw new Error(`not within ${seconds} s: ${what}`)
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function answering(child: ChildProcess, url: string, dir: string): Promise<void> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    if (child.exitCode !== null) break
    if (
      await fetch(url).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return
    await sleep(50)
  }
  const log = await readFile(join(dir, 'logs', 'sequencer.log'), 'utf8').catch(() => '')
  throw new Error(`the sequencer does not answer; its last words:\n${log.slice(-3_000)}`)
}

export function testConfig(keys: Keys, finalizationPeriodSeconds: number): DeployConfig {
  const [proposer, challenger, guardian, batcher] = [
    keys.proposer,
    keys.challenger,
    keys.guardian,
    keys.batcher,
  ]
  return {
    l1: { chainId: 900, blockTimeSeconds: 1 },
    l2: { chainId: 901, blockTimeSeconds: 1 },
    bridge: {
      submissionIntervalBlocks: 10,
      finalizationPeriodSeconds,
      sequencingWindowBlocks: 2,
      scheduleHeadStartSeconds: 10_000_000,
    },
    roles: {
      proposer: proposer.address,
      challenger: challenger.address,
      guardian: guardian.address,
      batcher: batcher.address,
      unsafeBlockSigner: batcher.address,
      governor: keys.deployer.address,
    },
    timelockDelaySeconds: 60,
    feeScalars: { baseFee: 0, blobBaseFee: 0 },
    clock: { firstEpoch: 20_000, start: 1_800_000_000, epochSeconds: 6 },
    networks: [],
    predeployProxies: 'trimmed',
    testL1: { funded: roles.map((role) => keys[role].address) },
  }
}

function manifestOf(engine: AnvilEngine, config: DeployConfig, front: number, admin: number): Manifest {
  const { l1, l2 } = engine.deployment
  return {
    version: 1,
    name: 'test',
    engine: 'anvil',
    l1: {
      chainId: 900,
      rpcUrl: engine.l1RpcUrl,
      genesisHash: l1.genesisHash,
      blockTimeSeconds: 1,
      startBlock: l1.startBlock,
      contracts: l1.contracts,
    },
    l2: {
      chainId: 901,
      rpcUrl: `http://127.0.0.1:${front}`,
      genesisHash: l2.genesisHash,
      blockTimeSeconds: 1,
    },
    bridge: {
      submissionIntervalBlocks: config.bridge.submissionIntervalBlocks,
      finalizationPeriodSeconds: config.bridge.finalizationPeriodSeconds,
      sequencingWindowBlocks: config.bridge.sequencingWindowBlocks,
    },
    tokens: [],
    networks: [],
    indices: [],
    services: { sequencer: `http://127.0.0.1:${admin}` },
  }
}
