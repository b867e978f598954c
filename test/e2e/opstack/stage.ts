import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestClient, type Hash, type Hex, http, type PublicClient } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { stopOrphans } from '../../../chain/engine/anvil/node.ts'
import { stopComponentOrphans } from '../../../chain/engine/opstack/process.ts'
import { opNode, rpc } from '../../../chain/engine/opstack/rpc.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip, pidsOf } from '../../chain/engine/opstack/fixture.ts'
import { type Sandbox, sandbox } from '../../support/devnet.ts'
import { type RunningNetwork, startNetwork } from '../../support/network.ts'
import { replaceBlocks } from '../../support/replaceBlocks.ts'

export const components = ['L1', 'geth', 'op-node', 'op-batcher', 'op-proposer'] as const
export type Component = (typeof components)[number]

const sequencingWindowBlocks = 20
export const finalizationPeriodSeconds = 2 * sequencingWindowBlocks * 2 + 1

/** A network of its own for a story; skips it where the programs can't be built. */
export async function startStory(context: Mocha.Context): Promise<RunningNetwork> {
  context.timeout(BUILD_TIMEOUT_MS)
  await buildOrSkip(context)
  const box = await sandbox()
  prepare(box)
  return startNetwork({ engine: 'op-stack', box })
}

export async function endStory(network: RunningNetwork | undefined): Promise<void> {
  if (network === undefined) return
  await killEverything(network)
  await network.box.remove()
}

/** A state folder in which the network is made with the window that the story is told for. */
function prepare({ state }: Sandbox): void {
  const profile = {
    version: 1,
    clockStart: Math.floor(Date.now() / 1_000),
    engine: 'op-stack',
    source: 'simulator',
    epochSeconds: 6,
    disputeSeconds: 1,
    l1BlockSeconds: 2,
    l2BlockSeconds: 2,
    submissionIntervalBlocks: 10,
    sequencingWindowBlocks,
    finalizationPeriodSeconds,
    timelockSeconds: 60,
  }
  writeFileSync(join(state, 'profile.json'), JSON.stringify(profile))
}

/** What op-node says of both chains: the sequencer's, or at another port that of the replica. */
export const syncStatus = ({ box }: Pick<RunningNetwork, 'box'>, port = 1_005) =>
  opNode(rpc(`http://127.0.0.1:${box.basePort + port}`), 'optimism_syncStatus', [])

export const engineDir = ({ state }: Sandbox) => join(state, 'engine')

export function pids(box: Sandbox, component: Component): number[] {
  return pidsOf(engineDir(box), component)
}

export function signalTo(box: Sandbox, component: Component, signal: NodeJS.Signals): void {
  for (const pid of pids(box, component)) process.kill(pid, signal)
}

/** `kill -9` of every process that belongs to the state folder, supervisor included. */
export async function killEverything(network: Pick<RunningNetwork, 'box' | 'command'>): Promise<void> {
  const { box, command } = network
  for (const component of components) signalTo(box, component, 'SIGKILL')
  await command.killTree().catch(() => {})
  await cleanUp(box)
}

export async function cleanUp({ state }: Sandbox): Promise<void> {
  for (const name of ['engine', 'replica']) {
    await stopComponentOrphans(join(state, name))
    await stopOrphans(join(state, name))
  }
}

export type Reorganisation = {
  depth: number /** Whether what its blocks held goes back to the pool. */
  isReturned: boolean
}

/** Takes the newest blocks of L1 back. Answers the newest of them. */
export async function reorganise(
  l1: PublicClient,
  url: string,
  { depth, isReturned }: Reorganisation,
): Promise<Hash> {
  const head = await headOf(l1)
  const { hash: gone } = await l1.getBlock({ blockNumber: head })
  const raws = await rawsBetween(l1, head - BigInt(depth) + 1n, head)
  await takeBack(l1, url, { depth, raws: isReturned ? raws : [] })
  return gone
}

/** Takes L1's blocks from one height on back. Nothing of them goes back to the pool. */
export async function reorganiseFrom(l1: PublicClient, url: string, lowest: bigint): Promise<void> {
  const test = createTestClient({ mode: 'anvil', transport: http(url) })
  // Empty blocks that anvil made in place of others would be the same ones again: with another beneficiary they are not.
  const beneficiary = privateKeyToAccount(generatePrivateKey()).address
  await test.request({ method: 'anvil_setCoinbase' as never, params: [beneficiary] as never })
  await takeBack(l1, url, { depth: Number((await headOf(l1)) - lowest) + 1, raws: [] })
}

type Taken = { depth: number; raws: readonly Hex[] }

/** Sets L1's clock too, which stays behind by the time of the blocks, to now. */
async function takeBack(l1: PublicClient, url: string, { depth, raws }: Taken): Promise<void> {
  await replaceBlocks(url, depth)
  const test = createTestClient({ mode: 'anvil', transport: http(url) })
  // Anvil gives them to the pool by itself or not, depending on its version.
  await test.request({ method: 'anvil_dropAllTransactions' as never, params: [] as never })
  for (const raw of raws) await l1.sendRawTransaction({ serializedTransaction: raw }).catch(() => {})
  await test.request({
    method: 'evm_setTime' as never,
    params: [Math.floor(Date.now() / 1_000)] as never,
  })
}

async function rawsBetween(l1: PublicClient, from: bigint, to: bigint): Promise<Hex[]> {
  const raws: Hex[] = []
  for (let blockNumber = from; blockNumber <= to; blockNumber++) {
    const block = await l1.getBlock({ blockNumber, includeTransactions: true })
    for (const { hash } of block.transactions) raws.push(await rawOf(l1, hash))
  }
  return raws
}

const headOf = (client: PublicClient) => client.getBlockNumber({ cacheTime: 0 })

function rawOf(l1: PublicClient, hash: Hash): Promise<Hex> {
  return l1.request({ method: 'eth_getRawTransactionByHash' as never, params: [hash] as never })
}
