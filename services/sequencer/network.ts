import { readFile } from 'node:fs/promises'
import { type Address, type Client, type Hash, type PublicClient, BaseError as ViemError } from 'viem'
import type { DumpStore } from '../../chain/engine/anvil/dump.ts'
import { systemConfigAbi } from '../../chain/generated/opAbi.ts'
import type { Manifest } from '../../chain/manifest.ts'
import type { Connection } from '../runtime/agreement/connect.ts'
import type { Standing } from '../runtime/agreement/transport.ts'
import type { Log } from '../runtime/log.ts'
import { NodeAnswerError } from './errors.ts'
import { type Facts, openFacts } from './facts.ts'
import type { Hold } from './hold.ts'
import { type ReadWriteLock, readWriteLock } from './lock.ts'
import { type L1Header, type MessageRecord, relayWithin, type WithdrawalRecord } from './records.ts'
import type { SequencerStore } from './store.ts'
import { readWords, type Words } from './words.ts'

/** How far the reading of history has come, and how long it will take at this pace. */
export type Backfill = {
  /** L2 blocks. */
  read: bigint
  of: bigint
  secondsLeft: number
  blocksPerSecond: number
  /** Deposits and withdrawals. */
  messagesPerSecond: number
}

/** Everything that the parts of this service share. */
export type Network = {
  manifest: Manifest
  l1: PublicClient
  /** The L2 node itself: only this service talks to it. */
  l2: PublicClient
  store: SequencerStore
  /** Undefined where L2's node keeps its state itself. */
  dumps: DumpStore | undefined
  log: Log
  /** Undefined on an L1 of others, where what is `confirmations` deep counts as there to stay. */
  l1DurablePath: string | undefined
  confirmations: bigint
  /** L1 blocks that may be taken back under L2 while the service follows by itself. */
  reorgPolicyBlocks: bigint
  /** Of SystemConfig, part of every attributes transaction. */
  batcherHash: Hash
  /** Held for writing while L2's head is not on disk; every request of users reads under it. */
  heads: ReadWriteLock
  /** Whether L2's head is on disk: false, without the lock, after blocks were made and could not be saved. */
  saved: boolean
  /** The L1 block whose deposits have all been executed, once this process knows of one. */
  completed: Hash | undefined
  /** Held for writing while an L1 origin is executed; users' transactions enter under it. */
  gate: ReadWriteLock
  /** Messages that may still change, or whose tokens stay on the side that they came from. */
  open: Map<string, MessageRecord>
  /** Withdrawals that ended at an L1 block to which the supplies have not been compared yet. */
  ended: Map<string, MessageRecord>
  /** Withdrawals that ended at an L1 block above `final`: L1 may still take that back. */
  revocable: Map<string, WithdrawalRecord>
  /** The newest L1 block known to be final. */
  final: bigint
  /** The L1 block at which revocable ones were last known to stand, once this process knows of one. */
  stoodAt: L1Header | undefined
  /** While history is read in bulk. */
  history: Backfill | undefined
  /** The newest L2 block that holds a withdrawal. */
  newestWithdrawal: bigint
  alerts: Map<string, string>
  /** How the nodes of a chain of which several are asked have answered. */
  standings(): Record<'L1' | 'L2', Standing[]>
  /** What the operator has said. */
  words: Words
  /** L1's Multicall3; undefined where L1 has none: then steps are sent, and facts are asked, one by one. */
  multicall: Address | undefined
  /** What L1 has said of withdrawals at its newest blocks. */
  facts: Facts
  /** Messages that wait after a try, by their id. */
  holds: Map<Hash, Hold>
}

export type NetworkParts = Pick<
  Network,
  'manifest' | 'store' | 'dumps' | 'log' | 'l1DurablePath' | 'confirmations'
> & {
  reorgPolicyBlocks?: bigint | undefined
  l1Nodes: Connection
  l2Nodes: Connection
}

/** Two epochs of Ethereum, after which a block is final there. */
export const defaultReorgPolicyBlocks = 64n

export async function openNetwork({ l1Nodes, l2Nodes, ...parts }: NetworkParts): Promise<Network> {
  const { manifest, reorgPolicyBlocks = defaultReorgPolicyBlocks } = parts
  const l1 = l1Nodes.client
  const batcherHash = await l1.readContract({
    address: manifest.l1.contracts.SystemConfig,
    abi: systemConfigAbi,
    functionName: 'batcherHash',
  })
  const multicall = await readMulticall({ ...parts, l1 })
  const { number: final } = await l1.getBlock({ blockTag: 'finalized' })
  const locks = { heads: readWriteLock(), gate: readWriteLock() }
  const network: Network = {
    ...parts,
    ...locks,
    reorgPolicyBlocks,
    l1,
    l2: l2Nodes.client,
    standings: () => ({ L1: l1Nodes.standings(), L2: l2Nodes.standings() }),
    batcherHash,
    // A node that keeps its state itself has no head that is not on disk.
    saved: parts.dumps === undefined,
    completed: undefined,
    open: new Map(),
    ended: new Map(),
    revocable: new Map(),
    final,
    stoodAt: undefined,
    history: undefined,
    newestWithdrawal: 0n,
    alerts: new Map(),
    multicall,
    facts: openFacts({ l1, manifest, gathers: multicall !== undefined }),
    holds: new Map(),
    words: await readWords(parts),
  }
  await loadOpen(network)
  const { paused } = network.words
  if (paused !== undefined) alert(network, 'pause', `paused by the operator: ${paused.reason}`)
  return network
}

async function readMulticall({
  l1,
  manifest,
  log,
}: Pick<Network, 'l1' | 'manifest' | 'log'>): Promise<Address | undefined> {
  const address = manifest.l1.contracts.Multicall3
  if ((await l1.getCode({ address })) !== undefined) return address
  log.warn({ multicall: address }, 'sequencer.batches.off')
  return undefined
}

export async function loadOpen(network: Network): Promise<void> {
  network.open.clear()
  network.ended.clear()
  network.revocable.clear()
  network.newestWithdrawal = 0n
  // Supplies are compared at an L1 block that is not below this one.
  const compared = (await network.store.l2Head())?.origin.number ?? 0n
  for await (const message of network.store.messages()) remember(network, message, compared)
  endLostAlerts(network)
}

/** About a message: nothing, where a reorganisation has taken it back while it was being worked on. */
export function alertOf(
  network: Network,
  { kind, id }: Pick<MessageRecord, 'kind' | 'id'>,
  text: string | undefined,
): void {
  if (text === undefined || network.open.has(id)) alert(network, `${kind}.${id}`, text)
}

/** Of messages that a reorganisation has taken back nothing is left to be done. */
function endLostAlerts(network: Network): void {
  for (const name of [...network.alerts.keys()]) {
    const [, id] = /^(?:withdrawal|deposit)\.(0x[0-9a-f]{64})$/.exec(name) ?? []
    // Safe: the expression takes hashes only.
    if (id !== undefined && !network.open.has(id as Hash)) alert(network, name, undefined)
  }
}

export function remember(network: Network, message: MessageRecord, compared = -1n): void {
  const { open, ended, revocable } = network
  if (message.kind === 'withdrawal' && message.withdrawal.origin.blockNumber > network.newestWithdrawal) {
    network.newestWithdrawal = message.withdrawal.origin.blockNumber
  }
  if (!isDone(network.manifest, message)) {
    open.set(message.id, message)
    ended.delete(message.id)
    revocable.delete(message.id)
    return
  }
  open.delete(message.id)
  // Whatever was the matter with it is over, whoever brought it to its end.
  alert(network, `${message.kind}.${message.id}`, undefined)
  const endedAt = message.history.at(-1)?.blockNumber ?? 0n
  if (message.kind !== 'withdrawal') return
  if (endedAt > compared) ended.set(message.id, message)
  if (endedAt > network.final) revocable.set(message.id, message)
}

/** Whether a message has come to an end that nothing of ours can change. */
export function isDone(manifest: Manifest, message: MessageRecord): boolean {
  const { kind, state } = message
  if (kind === 'withdrawal') return state === 'finalised' || state === 'replayed'
  // A failed one that the messenger holds may still arrive; its coins stay locked on L1 until then.
  if (state === 'failed') return relayWithin(manifest, message) === undefined
  return state === 'final' || state === 'replayed'
}

/** The newest L1 block that counts as there to stay, or undefined while there is none. */
export async function durableHead(
  network: Pick<Network, 'l1' | 'l1DurablePath' | 'confirmations'>,
): Promise<L1Header | undefined> {
  const { l1, l1DurablePath, confirmations } = network
  if (l1DurablePath !== undefined) return readDurable(l1DurablePath)
  const number = (await l1.getBlockNumber({ cacheTime: 0 })) - confirmations
  const hash = number < 0n ? undefined : await hashAt(l1, number)
  return hash === undefined ? undefined : { number, hash }
}

/** What the engine has noted: the newest block of its L1 that no kill can take away. */
async function readDurable(path: string): Promise<L1Header | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  // Safe: the engine replaces this file as a whole.
  const { number, hash } = JSON.parse(text) as { number: number | string; hash: Hash }
  return { number: BigInt(number), hash }
}

/** The durable head, or undefined while the L1 node shows another block at that height: it restarts, or reorganises. */
export async function settledHead(network: Network): Promise<L1Header | undefined> {
  const head = await durableHead(network)
  if (head === undefined) return undefined
  const shown = await l1HashAt(network, head.number)
  if (shown === head.hash) return head
  network.log.debug({ l1: head.number, durable: head.hash, shown }, 'sequencer.l1.unsettled')
  return undefined
}

export async function l1HashAt({ l1 }: Pick<Network, 'l1'>, number: bigint): Promise<Hash | undefined> {
  return hashAt(l1, number)
}

export async function hashAt(client: PublicClient, number: bigint): Promise<Hash | undefined> {
  const block = await request<{ hash: Hash } | null>(client, 'eth_getBlockByNumber', [
    `0x${number.toString(16)}`,
    false,
  ])
  return block?.hash
}

/** A method that viem does not type for an ordinary client. */
export function request<Answer>(
  client: Client,
  method: string,
  params: readonly unknown[] = [],
): Promise<Answer> {
  // Safe: the caller names the answer of a method that it knows; viem sends any method as it is.
  const send = client.request as unknown as (call: { method: string; params: unknown }) => Promise<Answer>
  return send({ method, params })
}

/** A request that changes the node: made once, as the first one may have had its effect although its answer was lost. */
export function requestOnce<Answer>(
  client: Client,
  method: string,
  params: readonly unknown[] = [],
): Promise<Answer> {
  // Safe: as in `request`.
  const send = client.request as unknown as (
    call: { method: string; params: unknown },
    options: { retryCount: number },
  ) => Promise<Answer>
  return send({ method, params }, { retryCount: 0 })
}

/** Runs a step that asks nodes. An error that a node answers becomes one that may be tried again. */
export async function askingNodes(step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof ViemError)) throw error
    throw new NodeAnswerError(error.shortMessage, error)
  }
}

/** Something an operator has to see. Logged when it begins and when it ends. */
export function alert(network: Network, name: string, text: string | undefined): void {
  const before = network.alerts.get(name)
  if (before === text) return
  if (text === undefined) {
    network.alerts.delete(name)
    network.log.info({ alert: name }, 'sequencer.alert.over')
  } else {
    network.alerts.set(name, text)
    network.log.error({ alert: name, reason: text }, 'sequencer.alert')
  }
}
