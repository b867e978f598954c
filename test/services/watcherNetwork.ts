import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createPublicClient, createWalletClient, type Hash, http, type PublicClient, toHex } from 'viem'
import type { Call } from '../../bridge/actions.ts'
import { proposeOutputCall } from '../../bridge/forced.ts'
import { type Output, readOracle, readOutputs, readOwnOutput } from '../../bridge/outputs.ts'
import { l1Chain } from '../../chain/chains.ts'
import type { DeployConfig } from '../../chain/deploy/config.ts'
import { deployL1 } from '../../chain/deploy/l1.ts'
import { l2OutputOracleAbi } from '../../chain/generated/opAbi.ts'
import { buildGenesis } from '../../chain/genesis/genesis.ts'
import { injectGenesis } from '../../chain/genesis/inject.ts'
import { type Manifest, writeManifest } from '../../chain/manifest.ts'
import { createKeysFile, type Keys, type Role, readKeys, roles } from '../../services/runtime/keys.ts'
import { type AnvilNode, startAnvil } from '../bridge/anvilNode.ts'
import { clientOf, config as shared } from '../chain/fixture.ts'

/** What stands for the replica's op-node: nothing else of the network is not real. */
export type StandIn = {
  url: string
  /** The newest safe block; undefined follows L2. */
  safe: bigint | undefined
  /** What it says instead of the truth. */
  outputAt: Map<bigint, Hash>
  /** The L1 block that it says to have derived; L1's newest if absent. */
  derived: { number: number; hash: Hash } | undefined
  /** Blocks of L1 that it says to be behind. */
  behind: bigint
  genesis: Hash | undefined
  silent: boolean
}

export type WatcherNetwork = {
  dir: string
  manifest: Manifest
  manifestPath: string
  keys: Keys
  keysPath: string
  l1Node: AnvilNode
  l2Node: AnvilNode
  l1: PublicClient
  l2: PublicClient
  node: StandIn
  /** L1 moves by blocks of this many seconds, when told to. */
  mine(seconds?: number): Promise<void>
  send(role: Role, call: Partial<Call> & Pick<Call, 'to'>): Promise<Hash>
  /** The next output; the right root unless another is given. Does not mine. */
  propose(root?: Hash, role?: Role, bond?: bigint): Promise<Hash>
  outputs(): Promise<Output[]>
  close(): Promise<void>
}

export const wrongRoot: Hash = `0x${'22'.repeat(32)}`
export const finalizationPeriodSeconds = 800
export const silenceSeconds = 100

const connect = (url: string) =>
  createPublicClient({
    transport: http(url, { batch: true, retryCount: 0 }),
    cacheTime: 0,
    pollingInterval: 20,
  })

/** An L1 with the deployed contracts, and a node of L2 with its genesis and some blocks: both stand still until told otherwise. */
export async function startWatcherNetwork(l2Blocks = 100): Promise<WatcherNetwork> {
  const dir = await mkdtemp(join(tmpdir(), 'watcher-'))
  const keysPath = join(dir, 'keys.json')
  await createKeysFile(keysPath)
  const keys = await readKeys(keysPath)
  const l1Node = await startAnvil(['--chain-id', '900', '--hardfork', 'osaka', '--slots-in-an-epoch', '1'])
  const l2Node = await startAnvil([
    '--chain-id',
    '901',
    '-n',
    'optimism',
    '--hardfork',
    'granite',
    '--no-mining',
  ])
  const config = configOf(keys)
  const deployer = clientOf(l1Node.url, 900, keys.deployer)
  const deployment = await deployL1(deployer, { config })
  await l1Node.rpc('evm_setAutomine', false)
  await injectGenesis(l2Node.url, await buildGenesis(config, deployment.contracts))
  await l2Node.rpc('anvil_mine', toHex(l2Blocks))
  const [l1, l2] = [connect(l1Node.url), connect(l2Node.url)]
  const { hash: genesisHash } = await l2.getBlock({ blockNumber: 0n })
  const manifest = manifestOf(config, deployment, genesisHash, { l1: l1Node.url, l2: l2Node.url })
  const manifestPath = join(dir, 'manifest.json')
  await writeManifest(manifestPath, manifest)
  const standIn = await startStandIn(manifest, l1, l2)
  const mine = async (seconds = 2) => {
    const { timestamp } = await l1.getBlock()
    await l1Node.rpc('evm_setNextBlockTimestamp', Number(timestamp) + seconds)
    await l1Node.rpc('evm_mine')
  }
  const wallet = (role: Role) =>
    createWalletClient({ account: keys[role], chain: l1Chain(manifest), transport: http(l1Node.url) })
  const send: WatcherNetwork['send'] = (role, call) =>
    wallet(role).sendTransaction({ gas: 1_000_000n, ...call })
  await mine()
  return {
    dir,
    manifest,
    manifestPath,
    keys,
    keysPath,
    l1Node,
    l2Node,
    l1,
    l2,
    node: standIn.standIn,
    mine,
    send,
    propose: async (root, role = 'proposer', bond = 0n) => {
      const { nextL2Block: l2BlockNumber } = await readOracle(l1, { manifest })
      const right = root ?? (await readOwnOutput(l2, l2BlockNumber)).root
      const { number, hash } = await l1.getBlock()
      return send(
        role,
        proposeOutputCall({ manifest, root: right, l2BlockNumber, l1Block: { hash, number }, bond }),
      )
    },
    outputs: async () => {
      const { count } = await readOracle(l1, { manifest })
      return readOutputs(l1, { manifest, from: 0n, to: count })
    },
    close: async () => {
      standIn.server.close()
      await Promise.all([l1Node.kill(), l2Node.kill()])
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function configOf(keys: Keys): DeployConfig {
  return {
    ...shared,
    bridge: {
      ...shared.bridge,
      submissionIntervalBlocks: 1,
      finalizationPeriodSeconds,
      silenceSeconds,
      outputBondGwei: 500_000_000,
    },
    roles: {
      ...shared.roles,
      proposer: keys.proposer.address,
      challenger: keys.challenger.address,
      governor: keys.deployer.address,
    },
    testL1: { funded: roles.map((role) => keys[role].address) },
  }
}

function manifestOf(
  config: DeployConfig,
  { contracts, genesisHash, startBlock }: Awaited<ReturnType<typeof deployL1>>,
  l2GenesisHash: Hash,
  urls: { l1: string; l2: string },
): Manifest {
  const { submissionIntervalBlocks, sequencingWindowBlocks } = config.bridge
  return {
    version: 1,
    name: 'test',
    engine: 'op-stack',
    l1: { chainId: 900, rpcUrl: urls.l1, genesisHash, blockTimeSeconds: 1, startBlock, contracts },
    l2: { chainId: 901, rpcUrl: urls.l2, genesisHash: l2GenesisHash, blockTimeSeconds: 1 },
    bridge: { submissionIntervalBlocks, sequencingWindowBlocks, finalizationPeriodSeconds },
    tokens: [],
    networks: [],
    indices: [],
    services: {},
  }
}

async function startStandIn(
  manifest: Manifest,
  l1: PublicClient,
  l2: PublicClient,
): Promise<{ standIn: StandIn; server: Server }> {
  const methods: Record<string, (params: Hash[]) => Promise<unknown>> = {
    optimism_rollupConfig: async () => ({
      genesis: { l2: { hash: standIn.genesis ?? manifest.l2.genesisHash } },
      l1_chain_id: 900,
      l2_chain_id: 901,
      deposit_contract_address: manifest.l1.contracts.OptimismPortal.toLowerCase(),
    }),
    optimism_syncStatus: async () => {
      const newest = await l1.getBlock()
      const head = await l1.getBlock({ blockNumber: newest.number - standIn.behind })
      const safe = await l2.getBlock(standIn.safe === undefined ? {} : { blockNumber: standIn.safe })
      const current = standIn.derived ?? { number: Number(head.number), hash: head.hash }
      const block = {
        hash: safe.hash,
        number: Number(safe.number),
        timestamp: Number(head.timestamp),
        l1origin: manifest.l1.startBlock,
      }
      return {
        head_l1: current,
        current_l1: current,
        unsafe_l2: block,
        safe_l2: block,
        finalized_l2: { ...block, number: 0 },
      }
    },
    optimism_outputAtBlock: async ([at]) => {
      const number = BigInt(at ?? 0)
      return { outputRoot: standIn.outputAt.get(number) ?? (await readOwnOutput(l2, number)).root }
    },
  }
  const server = createServer(async (request, response) => {
    const { id, method, params } = JSON.parse(Buffer.concat(await request.toArray()).toString())
    if (standIn.silent) {
      response.destroy()
      return
    }
    const answer = await methods[method]?.(params).then(
      (result) => ({ result }),
      (error: Error) => ({ error: { code: -32_000, message: error.message } }),
    )
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const standIn: StandIn = {
    // Safe: a server that listens on TCP has an AddressInfo.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    safe: undefined,
    outputAt: new Map(),
    derived: undefined,
    behind: 0n,
    genesis: undefined,
    silent: false,
  }
  return { standIn, server }
}

export async function deleteOutputs(network: WatcherNetwork, index: bigint): Promise<Hash> {
  const { challenger } = network.keys
  const wallet = createWalletClient({
    account: challenger,
    chain: l1Chain(network.manifest),
    transport: http(network.l1Node.url),
  })
  return wallet.writeContract({
    address: network.manifest.l1.contracts.L2OutputOracle,
    abi: l2OutputOracleAbi,
    functionName: 'deleteL2Outputs',
    args: [index],
    gas: 200_000n,
  })
}

/* THE PROCESS */

export type WatcherProcess = {
  url: string
  lines: Record<string, unknown>[]
  exited: Promise<number | null>
  ask<Answer>(path: string): Promise<Answer>
  kill(signal?: NodeJS.Signals): Promise<void>
}

const repository = join(import.meta.dirname, '..', '..')

export type Watched = Pick<WatcherNetwork, 'dir' | 'manifestPath' | 'keysPath'> & {
  l2Node: { url: string }
  node: { url: string }
}

/** The watcher as a process of its own. Resolves when it listens or has ended. */
export async function startWatcherProcess(
  network: Watched,
  env: Record<string, string> = {},
): Promise<WatcherProcess> {
  const child: ChildProcess = spawn(process.execPath, ['services/start.js', 'watcher'], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      HASHSAND_MANIFEST: network.manifestPath,
      HASHSAND_STATE_DIR: join(network.dir, 'watcher'),
      HASHSAND_REPLICA_L2_RPC: network.l2Node.url,
      HASHSAND_REPLICA_NODE_RPC: network.node.url,
      HASHSAND_KEYS: network.keysPath,
      HASHSAND_L1_CONFIRMATIONS: '0',
      HASHSAND_PORT: '0',
      HASHSAND_POLL_MS: '200',
      ...env,
    },
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const lines: WatcherProcess['lines'] = []
  const { stdout } = child
  if (stdout === null) throw new Error('unreachable')
  const url = await new Promise<string>((resolve) => {
    createInterface(stdout).on('line', (line) => {
      const said = JSON.parse(line)
      lines.push(said)
      if (said.msg === 'watcher.listening') resolve(said.url)
    })
    exited.then(() => resolve(''))
  })
  return {
    url,
    lines,
    exited,
    ask: async <Answer>(path: string) => (await (await fetch(`${url}${path}`)).json()) as Answer,
    kill: async (signal = 'SIGKILL') => {
      child.kill(signal)
      await exited
    },
  }
}

/** Something between the watcher and L1 that keeps transactions back. */
export async function startHolder(url: string): Promise<{ url: string; held: string[]; close(): void }> {
  const held: string[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString()
    if (body.includes('eth_sendRawTransaction')) {
      held.push(body)
      return
    }
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    response.setHeader('content-type', 'application/json').end(await answer.text())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Safe: a server that listens on TCP has an AddressInfo.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    held,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
