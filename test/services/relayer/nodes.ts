import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  createPublicClient,
  http,
  type LocalAccount,
  type PublicClient,
  parseEther,
} from 'viem'
import { foundry } from 'viem/chains'
import { rewardIndex } from '../../../chain/generated/abi.ts'
import type { Manifest } from '../../../chain/manifest.ts'
import { type NetworkParameters, replayFiles, replayNetwork } from '../../../oracle/developmentNetworks.ts'
import { createKeysFile, readKeys } from '../../../services/runtime/keys.ts'
import { type AnvilNode, freePort, killed, startAnvil } from '../../bridge/anvilNode.ts'
import { deployIndexAndLedger, manifestOf, nodeArguments } from '../relayerFixture.ts'

// Oracle nodes as processes of their own, each with its own key, journal, source and port, on one anvil.

export const network = replayNetwork()
const replay = network
export const blocksPerDay = 3
/** What a block pays in fees, in the truth that the tests know. */
export const feesOfBlock = (height: number): bigint => 1_000n + BigInt(height % 7)

const root = join(import.meta.dirname, '..', '..', '..')
export const roles = ['oracle0', 'oracle1', 'oracle2', 'oracle3'] as const

export type HistoryParameters = {
  /** Days that the history closes, from the network's first day on. */
  days: number
  /** What every amount is multiplied with: 1 is the truth, 1000 a mistaken unit. */
  factor?: bigint
  /** Another chain of blocks with the same times and amounts. */
  branch?: number
}

/** Recorded blocks of so many days and one more that shows that the last one is over. */
export async function writeHistory(
  folder: string,
  { days, factor = 1n, branch = 0 }: HistoryParameters,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { blocksPath, retargetsPath } = replayFiles(folder)
  const rows = Array.from({ length: (days + 2) * blocksPerDay }, (_, at) => {
    const height = 679_999 + at
    const time = (network.firstDay - 1 + Math.floor(at / blocksPerDay)) * 86_400 + (at % blocksPerDay) * 600
    const hash = `${branch}${height.toString(16).padStart(63, '0')}`
    const subsidy = 625_000_000n * factor
    return `${height},${hash},${time},${time},${subsidy},${feesOfBlock(height) * factor},1,0,0,0,0`
  })
  const blockColumns =
    'height,hash,time,mediantime,subsidy_sat,totalfee_sat,txs,total_weight,total_size,avgfeerate_sat_vb,medianfee_sat'
  await writeFile(blocksPath, [blockColumns, ...rows, ''].join('\n'))
  const retargetColumns =
    'height,hash,timestamp,date_utc,bits,target_hex,difficulty,period_seconds_prev,implied_hashrate_prev_hs,chainwork_hex,header_hex,source'
  const target = '0000000000000000000bef930000000000000000000000000000000000000000'
  await writeFile(
    retargetsPath,
    [retargetColumns, `679392,${target},0,,0x170bef93,${target},,,,,,`, ''].join('\n'),
  )
}

/** Fees of a day in that history, counted here. */
export function feesOfDay(day: number): bigint {
  const first = 679_999 + (day - network.firstDay + 1) * blocksPerDay
  return [0, 1, 2].reduce((sum, offset) => sum + feesOfBlock(first + offset), 0n)
}

export type NodesParameters = {
  days: number
  daysOver?: number
  epochSeconds?: number
  /** Of the replay, with made-up histories, unless a test brings another with its own sources. */
  network?: NetworkParameters
  /** A chain of another kind than one with an attested network and nothing else. */
  openChain?: (signers: readonly LocalAccount[]) => Promise<NodesChain>
}

export type NodesChain = {
  anvil: Pick<AnvilNode, 'url' | 'rpc' | 'kill'>
  client: PublicClient
  contracts: { rewardIndex: Address; ledger: Address }
  manifest: Manifest
}

/** A chain with an index, the keys of four signers who can pay, and their folders. No node runs yet. */
export async function nodesStage(
  folder: string,
  { days, daysOver = days + 2, epochSeconds = 1, network = replay, openChain }: NodesParameters,
) {
  const keysPath = join(folder, 'keys.json')
  await createKeysFile(keysPath)
  const keys = await readKeys(keysPath)
  const signers = roles.map((role) => keys[role])
  const open = openChain ?? ((all) => openAttestedChain({ network, signers: all, daysOver, epochSeconds }))
  const { anvil, client, contracts, manifest } = await open(signers)
  for (const { address } of signers) {
    await anvil.rpc('anvil_setBalance', address, `0x${parseEther('10').toString(16)}`)
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  if (network === replay) {
    await writeHistory(join(folder, 'truth'), { days })
    await writeHistory(join(folder, 'lie'), { days, factor: 1_000n })
    await writeHistory(join(folder, 'behind'), { days: days - 1 })
  }

  const ports = [await freePort(), await freePort(), await freePort(), await freePort()]
  const statusPorts = [await freePort(), await freePort(), await freePort(), await freePort()]
  const peers = signers.map(({ address }, at) => ({ address, url: `http://127.0.0.1:${ports[at]}` }))
  const peersPath = join(folder, 'peers.json')
  await writeFile(peersPath, JSON.stringify(peers))
  const children = new Map<number, ChildProcess>()
  const statusUrl = (at: number) => `http://127.0.0.1:${statusPorts[at]}`
  const stateOf = (at: number) => join(folder, `node${at}`)

  const envOf = (at: number, source: Source): NodeJS.ProcessEnv => ({
    ...process.env,
    HASHSAND_MANIFEST: join(folder, 'manifest.json'),
    HASHSAND_KEYS: keysPath,
    HASHSAND_SIGNER: roles[at] ?? '',
    HASHSAND_PAYER: roles[at] ?? '',
    HASHSAND_LIVE: '1',
    HASHSAND_PEERS: peersPath,
    HASHSAND_PEER_PORT: String(ports[at]),
    HASHSAND_PORT: String(statusPorts[at]),
    HASHSAND_STATE_DIR: stateOf(at),
    HASHSAND_DATA: join(folder, source),
    HASHSAND_REWARD_INDEX: contracts.rewardIndex,
    HASHSAND_LEDGER: contracts.ledger,
  })

  async function start(
    at: number,
    source: Source,
    extra: Record<string, string> = {},
    args: readonly string[] = [],
  ): Promise<ChildProcess> {
    await mkdir(stateOf(at), { recursive: true })
    const words = [...args, 'services/start.js', 'relayer']
    const child = spawn(process.execPath, words, {
      cwd: root,
      env: { ...envOf(at, source), ...extra },
      stdio: ['ignore', process.env.HASHSAND_TEST_LOGS === '1' ? 'inherit' : 'ignore', 'inherit'],
    })
    children.set(at, child)
    await answering(child, `${statusUrl(at)}/healthz`)
    return child
  }

  async function stop(at: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const child = children.get(at)
    if (child === undefined || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null
    child.kill(signal)
    const [code] = await once(child, 'exit')
    return code
  }

  const index = { address: contracts.rewardIndex, abi: rewardIndex.abi } as const
  return {
    ...{
      anvil,
      client,
      contracts,
      manifest,
      keys,
      signers,
      peers,
      index,
      folder,
      root,
      start,
      stop,
      stateOf,
      envOf,
    },
    pause: (at: number) => children.get(at)?.kill('SIGSTOP'),
    resume: (at: number) => children.get(at)?.kill('SIGCONT'),
    isRunning: (at: number) => {
      const child = children.get(at)
      return child !== undefined && child.exitCode === null && child.signalCode === null
    },
    statusUrl,
    /** How many reports a node has signed since it started. */
    signatures: async (at: number) => {
      const text = await (await fetch(`${statusUrl(at)}/metrics`)).text()
      return Number(/^hashsand_relayer_reports_signed_total (\d+)$/m.exec(text)?.[1])
    },
    /** Its totals follow from its source, its journal from nothing: another source needs other totals. */
    forgetDays: (at: number) => rm(join(stateOf(at), 'days'), { recursive: true, force: true }),
    attestedUntil: () => client.readContract({ ...index, functionName: 'newestDay', args: [1] }),
    close: async () => {
      await Promise.all([...children.values()].map(killed))
      await anvil.kill()
    },
  }
}

type AttestedChain = Required<Pick<NodesParameters, 'network' | 'daysOver' | 'epochSeconds'>> & {
  signers: readonly LocalAccount[]
}

async function openAttestedChain({ network, ...parameters }: AttestedChain): Promise<NodesChain> {
  const node = await startAnvil(nodeArguments)
  const client: PublicClient = createPublicClient({
    chain: foundry,
    transport: http(node.url),
    cacheTime: 0,
  })
  const contracts = await deployIndexAndLedger({ node, client, network, ...parameters })
  return { anvil: node, client, contracts, manifest: await manifestOf({ node, client, network }) }
}

async function answering(child: ChildProcess, url: string): Promise<void> {
  for (let tries = 0; child.exitCode === null && tries < 600; tries++) {
    const up = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (up) return
    await sleep(100)
  }
  assert.fail(`no answer at ${url}, exit code ${child.exitCode}`)
}

export type Source = 'truth' | 'lie' | 'behind'
export type NodesStage = Awaited<ReturnType<typeof nodesStage>>

/** Waits until a day is attested, and fails when that takes too long. */
export async function untilAttested(stage: NodesStage, day: number, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1_000
  for (;;) {
    const last = await stage.attestedUntil()
    if (last >= day) return
    if (performance.now() > deadline) assert.fail(`after ${seconds} s day ${last} is attested, not ${day}`)
    await sleep(200)
  }
}

/** Every report that the chain took, in its order. */
export async function attestedReports({ client, index }: NodesStage) {
  const logs = await client.getContractEvents({
    ...index,
    eventName: 'DayAttested',
    fromBlock: 0n,
    strict: true,
  })
  return logs.map(({ args }) => args.report)
}
