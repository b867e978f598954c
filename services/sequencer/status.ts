import { formatEther, getAddress } from 'viem'
import type { Standing } from '../runtime/agreement/transport.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { readCursor } from './derive.ts'
import { durableHead, type Network } from './network.ts'
import type { L1Header, MessageRecord } from './records.ts'
import type { Supply } from './supply.ts'
import type { Word } from './words.ts'

export type Status = {
  l1: { head: bigint; headTime: bigint; durable: L1Header | undefined }
  l2: { head: bigint; headTime: bigint; durable: bigint | undefined }
  /** The newest L1 block whose deposits L2 has executed, and how many durable ones it is behind. */
  cursor: L1Header & { lag: bigint }
  backlog: Record<MessageRecord['kind'], Record<string, number>>
  /** Of the messages that may still change: how long the one that waits longest has been in its state, by its chain's clock. */
  oldestSeconds: Record<MessageRecord['kind'], Record<string, number>>
  /** While history is read in bulk, from an empty store or after a long pause. */
  history: Network['history']
  /** The newest root that is on L1. */
  lastRoot: { l2Block: bigint; root: string } | undefined
  supply: readonly Supply[] | undefined
  alerts: Record<string, string>
  /** Since when and why nothing new is sent. */
  paused: Word | undefined
  /** Of a chain of which several nodes are asked: how often each was outvoted, or silent. */
  nodes: Record<'L1' | 'L2', readonly Standing[]>
  outbox: Record<string, { address: string; balanceEther: string; pending: number; replacements: number }>
}

export type Shared = {
  network: Network
  outboxes: Record<string, Outbox>
  lastRoot: Status['lastRoot']
  supply: readonly Supply[] | undefined
}

export async function readStatus({ network, outboxes, lastRoot, supply }: Shared): Promise<Status> {
  const [l1, durable, l2, stored, cursor] = await Promise.all([
    network.l1.getBlock(),
    durableHead(network),
    network.l2.getBlock(),
    network.store.l2Head(),
    readCursor(network),
  ])
  return {
    l1: { head: l1.number, headTime: l1.timestamp, durable },
    l2: { head: l2.number, headTime: l2.timestamp, durable: stored?.number },
    cursor: { ...cursor, lag: durable === undefined ? 0n : durable.number - cursor.number },
    backlog: network.store.tally().counts,
    oldestSeconds: oldestSeconds(network.open.values(), { L1: l1.timestamp, L2: l2.timestamp }),
    history: network.history,
    lastRoot,
    supply,
    alerts: Object.fromEntries(network.alerts),
    paused: network.words.paused,
    nodes: network.standings(),
    outbox: await boxes(network, outboxes),
  }
}

function oldestSeconds(
  open: Iterable<MessageRecord>,
  now: Record<'L1' | 'L2', bigint>,
): Status['oldestSeconds'] {
  const oldest: Status['oldestSeconds'] = { deposit: {}, withdrawal: {} }
  for (const { kind, state, history } of open) {
    const last = history.at(-1)
    if (last === undefined) continue
    const seconds = Math.max(Number(now[last.chain] - last.timestamp), 0)
    oldest[kind][state] = Math.max(oldest[kind][state] ?? 0, seconds)
  }
  return oldest
}

async function boxes({ l1 }: Network, outboxes: Shared['outboxes']): Promise<Status['outbox']> {
  const shown = Object.entries(outboxes).map(async ([role, { address, pending, replacements }]) => {
    const balance = await l1.getBalance({ address: getAddress(address) })
    const box = {
      address,
      balanceEther: formatEther(balance),
      pending: pending(),
      replacements: replacements(),
    }
    return [role, box] as const
  })
  return Object.fromEntries(await Promise.all(shown))
}

/** L1 blocks that L2 may be behind while it still counts as current. */
const readyLag = 5n

/** Not while L2 is far behind, nor while its blocks can't be put on disk. */
export async function isReady({ network }: Pick<Shared, 'network'>): Promise<boolean> {
  if (network.alerts.has('disk')) return false
  const [durable, cursor] = await Promise.all([durableHead(network), readCursor(network)])
  return durable !== undefined && durable.number - cursor.number <= readyLag
}
