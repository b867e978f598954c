import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Address,
  createPublicClient,
  createWalletClient,
  type Hash,
  http,
  type PublicClient,
  parseEther,
  stringToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { foundry } from 'viem/chains'
import { ledger, rewardIndex, testWBTC } from '../../chain/generated/abi.ts'
import { l1ContractNames, type Manifest, parseManifest } from '../../chain/manifest.ts'
import type { NetworkParameters } from '../../oracle/developmentNetworks.ts'
import { createKeysFile, readKeys } from '../../services/runtime/keys.ts'
import { type AnvilNode, freePort, killed, startAnvil } from '../bridge/anvilNode.ts'

type Signer = { address: Address }

export type FixtureParameters = {
  node: AnvilNode
  client: PublicClient
  network: NetworkParameters
  signers: readonly Signer[]
  /** Days that are over already when the relayer first starts. */
  daysOver: number
  /** 1 where a day lasts a second. */
  epochSeconds?: number
}

/** RewardIndex and Ledger, deployed as anybody would, with a clock whose days last a second. */
export async function deployIndexAndLedger(parameters: FixtureParameters) {
  const { node, client, network, signers, daysOver, epochSeconds = 1 } = parameters
  const wallet = createWalletClient({ chain: foundry, transport: http(node.url) })
  const [account] = await wallet.getAddresses()
  assert.ok(account)
  const created = async (hash: Hash) => {
    const { contractAddress } = await client.waitForTransactionReceipt({ hash, pollingInterval: 100 })
    assert.ok(contractAddress)
    return contractAddress
  }
  const { timestamp } = await client.getBlock()
  const start = Number(timestamp) - daysOver * epochSeconds
  const clock = { firstEpoch: network.firstDay, start, epochSeconds }
  const config = {
    name: stringToHex(network.name, { size: 32 }),
    unit: stringToHex(network.unit, { size: 32 }),
    class: 0,
    unitWork: network.unitWork,
    prover: zeroAddress,
    challenger: zeroAddress,
    firstDay: network.firstDay,
    disputeSeconds: 1,
    faultTolerance: 1,
    signers: signers.map(({ address }) => address),
  }
  const index = await created(
    await wallet.deployContract({ ...rewardIndex, account, args: [clock, account, [config]] }),
  )
  const token = await created(await wallet.deployContract({ ...testWBTC, account, args: [] }))
  const kernel = await created(await wallet.deployContract({ ...ledger, account, args: [] }))
  const hash = await wallet.writeContract({
    address: kernel,
    abi: ledger.abi,
    functionName: 'register',
    args: [
      {
        name: stringToHex(network.indices[0]?.name ?? '', { size: 32 }),
        unit: config.unit,
        token,
        source: index,
        network: 1,
        firstEpoch: network.firstDay,
        tick: network.tick,
        caps: network.indices[0]?.caps ?? [],
      },
    ],
    account,
  })
  await client.waitForTransactionReceipt({ hash, pollingInterval: 100 })
  return { rewardIndex: index, ledger: kernel }
}

/** A manifest that names one node as L2 and nothing real as L1, which the relayer never asks. */
export async function manifestOf({
  node,
  client,
  network,
}: Pick<FixtureParameters, 'client' | 'network'> & { node: Pick<AnvilNode, 'url'> }): Promise<Manifest> {
  const { hash: genesisHash } = await client.getBlock({ blockNumber: 0n })
  const chain = { rpcUrl: node.url, blockTimeSeconds: 1 }
  const { id, name, unit, unitWork, source } = { id: 1, ...network }
  const manifest = {
    version: 1,
    name: 'relayer-test',
    engine: 'anvil',
    l1: {
      ...chain,
      chainId: 900,
      genesisHash: zeroHash,
      startBlock: { number: 0, hash: zeroHash },
      contracts: Object.fromEntries(l1ContractNames.map((contract) => [contract, zeroAddress])),
    },
    l2: { ...chain, chainId: foundry.id, genesisHash },
    bridge: { submissionIntervalBlocks: 10, finalizationPeriodSeconds: 6, sequencingWindowBlocks: 2 },
    tokens: [],
    networks: [{ id, name, unit, unitWork: unitWork.toString(), source }],
    indices: [{ id: 1, name: network.indices[0]?.name, network: 1, token: zeroAddress }],
    services: {},
  }
  return parseManifest(JSON.stringify(manifest), 'the test')
}

export type Relayer = {
  start(extra?: Record<string, string>): ChildProcess
  /** Answer of the relayer that listens, with its HTTP status. */
  json(path: string): Promise<Record<string, unknown>>
  url: string
  killAll(): Promise<void>
}

const root = join(import.meta.dirname, '..', '..')

/** Starts relayers as processes of their own, with this environment. */
export function relayerProcess(env: Record<string, string>): Relayer {
  const url = `http://127.0.0.1:${env.HASHSAND_PORT}`
  const children: ChildProcess[] = []
  return {
    url,
    start: (extra = {}) => {
      const child = spawn(process.execPath, ['services/start.js', 'relayer'], {
        cwd: root,
        env: { ...process.env, ...env, ...extra },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      // A pipe that nobody empties is full after some 360 lines, and the next line of the log then blocks the process for good.
      child.stdout?.resume()
      children.push(child)
      return child
    },
    json: async (path) => {
      const response = await fetch(`${url}${path}`)
      return { httpStatus: response.status, ...((await response.json()) as Record<string, unknown>) }
    },
    killAll: async () => {
      await Promise.all(children.map(killed))
    },
  }
}

export const nodeArguments = ['--block-time', '1', '--order', 'fifo'] as const

/** A network on a node of its own, the keys to it, and a relayer that is not started yet. */
export async function relayerStage(
  folder: string,
  { network, daysOver, epochSeconds = 1 }: Pick<FixtureParameters, 'network' | 'daysOver' | 'epochSeconds'>,
) {
  await createKeysFile(join(folder, 'keys.json'))
  const keys = await readKeys(join(folder, 'keys.json'))
  const node = await startAnvil(nodeArguments)
  const client: PublicClient = createPublicClient({ chain: foundry, transport: http(node.url), cacheTime: 0 })
  await node.rpc('anvil_setBalance', keys.relayer.address, `0x${parseEther('10').toString(16)}`)
  const signers = [keys.oracle0, keys.oracle1, keys.oracle2, keys.oracle3]
  const contracts = await deployIndexAndLedger({ node, client, network, signers, daysOver, epochSeconds })
  const manifest = await manifestOf({ node, client, network })
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  await mkdir(join(folder, 'relayer'))
  const relayer = relayerProcess({
    HASHSAND_MANIFEST: join(folder, 'manifest.json'),
    HASHSAND_KEYS: join(folder, 'keys.json'),
    HASHSAND_STATE_DIR: join(folder, 'relayer'),
    HASHSAND_SIGNER: 'oracle0,oracle1,oracle2,oracle3',
    HASHSAND_LIVE: '1',
    HASHSAND_PORT: String(await freePort()),
    HASHSAND_REWARD_INDEX: contracts.rewardIndex,
    HASHSAND_LEDGER: contracts.ledger,
  })
  const index = { address: contracts.rewardIndex, abi: rewardIndex.abi } as const
  const kernel = { address: contracts.ledger, abi: ledger.abi } as const
  return { node, client, contracts, manifest, keys, signers, relayer, index, kernel }
}

export type Stage = Awaited<ReturnType<typeof relayerStage>>
