import type { Standing } from '../runtime/agreement/transport.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { readCursor } from './derive.ts'
import { durableHead, type Network } from './network.ts'
import type { L1Header, MessageRecord } from './records.ts'
import type { Supply } from './supply.ts'

export type Status = {
  l1: { head: bigint; durable: L1Header | undefined }
  l2: { head: bigint; durable: bigint | undefined }
  /** The newest L1 block whose deposits L2 has executed, and how many durable ones it is behind. */
  cursor: L1Header & { lag: bigint }
  backlog: Record<MessageRecord['kind'], Record<string, number>>
  /** The newest root that is on L1. */
  lastRoot: { l2Block: bigint; root: string } | undefined
  supply: readonly Supply[] | undefined
  alerts: Record<string, string>
  /** Of a chain of which several nodes are asked: how often each was outvoted, or silent. */
  nodes: Record<'L1' | 'L2', readonly Standing[]>
  outbox: Record<string, { address: string; pending: number; replacements: number }>
}

export type Shared = {
  network: Network
  outboxes: Record<string, Outbox>
  lastRoot: Status['lastRoot']
  supply: readonly Supply[] | undefined
}

export async function readStatus({ network, outboxes, lastRoot, supply }: Shared): Promise<Status> {
  const [l1Head, durable, l2Head, stored, cursor, messages] = await Promise.all([
    network.l1.getBlockNumber({ cacheTime: 0 }),
    durableHead(network),
    network.l2.getBlockNumber({ cacheTime: 0 }),
    network.store.l2Head(),
    readCursor(network),
    network.store.messages(),
  ])
  const backlog: Status['backlog'] = { deposit: {}, withdrawal: {} }
  for (const { kind, state } of messages) backlog[kind][state] = (backlog[kind][state] ?? 0) + 1
  return {
    l1: { head: l1Head, durable },
    l2: { head: l2Head, durable: stored?.number },
    cursor: { ...cursor, lag: durable === undefined ? 0n : durable.number - cursor.number },
    backlog,
    lastRoot,
    supply,
    alerts: Object.fromEntries(network.alerts),
    nodes: network.standings(),
    outbox: Object.fromEntries(
      Object.entries(outboxes).map(([role, { address, pending, replacements }]) => [
        role,
        { address, pending: pending(), replacements: replacements() },
      ]),
    ),
  }
}

/** L1 blocks that L2 may be behind while it still counts as current. */
const readyLag = 5n

export async function isReady({ network }: Pick<Shared, 'network'>): Promise<boolean> {
  const [durable, cursor] = await Promise.all([durableHead(network), readCursor(network)])
  return durable !== undefined && durable.number - cursor.number <= readyLag
}
