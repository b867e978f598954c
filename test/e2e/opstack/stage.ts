import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTestClient, type Hash, type Hex, http, type PublicClient } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { stopOrphans } from '../../../chain/engine/anvil/node.ts'
import { stopComponentOrphans } from '../../../chain/engine/opstack/process.ts'
import { pidsOf } from '../../chain/engine/opstack/fixture.ts'
import type { Sandbox } from '../../support/devnet.ts'
import type { RunningNetwork } from '../../support/network.ts'

export const components = ['L1', 'geth', 'op-node', 'op-batcher', 'op-proposer'] as const
export type Component = (typeof components)[number]

export const sequencingWindowBlocks = 20
export const finalizationPeriodSeconds = 2 * sequencingWindowBlocks * 2 + 1

/** A state folder in which the network is made with the window that the story is told for. */
export function prepare({ state }: Sandbox): void {
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

export type TakeBack = {
  /** The lowest block that is taken back. */
  from: bigint
  isReturned: boolean
}

/** Takes L1's blocks from one height on back, and sets its clock, which stays behind by their time, to now. */
export async function reorganise(
  l1: PublicClient,
  url: string,
  { from, isReturned }: TakeBack,
): Promise<void> {
  // Asked once: where its answer is lost, L1 would go back a second time.
  const test = createTestClient({ mode: 'anvil', transport: http(url, { retryCount: 0, timeout: 60_000 }) })
  const raws: Hex[] = []
  let head = from - 1n
  // L1 goes on while its transactions are read: what is taken back is counted from a head that has just been seen.
  for (let newest = await headOf(l1); head < newest; newest = await headOf(l1)) {
    for (; head < newest; head++) {
      const block = await l1.getBlock({ blockNumber: head + 1n, includeTransactions: true })
      raws.push(...(await Promise.all(block.transactions.map(({ hash }) => rawOf(l1, hash)))))
    }
  }
  // Empty blocks that anvil made in place of others would be the same ones again: with another beneficiary they are not.
  const beneficiary = privateKeyToAccount(generatePrivateKey()).address
  await test.request({ method: 'anvil_setCoinbase' as never, params: [beneficiary] as never })
  const depth = Number(head - from) + 1
  await test.request({ method: 'anvil_reorg' as never, params: [depth, []] as never })
  // Anvil gives them to the pool by itself or not, depending on its version.
  await test.request({ method: 'anvil_dropAllTransactions' as never, params: [] as never })
  if (isReturned)
    for (const raw of raws) await l1.sendRawTransaction({ serializedTransaction: raw }).catch(() => {})
  await test.request({
    method: 'evm_setTime' as never,
    params: [Math.floor(Date.now() / 1_000)] as never,
  })
}

const headOf = (client: PublicClient) => client.getBlockNumber({ cacheTime: 0 })

function rawOf(l1: PublicClient, hash: Hash): Promise<Hex> {
  return l1.request({ method: 'eth_getRawTransactionByHash' as never, params: [hash] as never })
}
