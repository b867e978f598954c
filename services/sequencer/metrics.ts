import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { isReady, readStatus, type Shared, type Status } from './status.ts'

/** What is looked at when somebody asks: the service at work, or why it stands aside. */
export type Seen = { shared: Shared | undefined; aside: string | undefined }

/** This process's own registry; the values are read when somebody asks, in the order of an operator's questions. */
export function createRegistry(seen: Seen): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = createGauges(registry)
  const read = registry.metrics.bind(registry)
  registry.metrics = async () => {
    const { shared, aside } = seen
    // A chain that does not answer: what was known is no longer so, and that alone is told.
    const known = shared && (await readAll(shared).catch(() => undefined))
    for (const gauge of Object.values(gauges)) gauge.reset()
    if (known !== undefined) show(gauges, known.status)
    else if (aside !== undefined) gauges.alerts.set(1)
    gauges.ready.set(known?.ready ? 1 : 0)
    gauges.diskFull.set(aside !== undefined || shared?.network.alerts.has('disk') ? 1 : 0)
    return read()
  }
  return registry
}

async function readAll(shared: Shared): Promise<{ status: Status; ready: boolean }> {
  const [status, ready] = await Promise.all([readStatus(shared), isReady(shared)])
  return { status, ready }
}

function createGauges(registry: Registry) {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `hashsand_sequencer_${name}`, help, labelNames, registers: [registry] })
  return {
    /* Is it at work? */
    ready: gauge('ready', '1 when both chains answer and L2 is not far behind'),
    diskFull: gauge('disk_full', '1 while there is no room on a disk for what has to be stored'),
    alerts: gauge('alerts', 'Things that an operator has to look at'),
    lag: gauge('derivation_lag_blocks', 'Durable L1 blocks that L2 has not executed'),
    historyLeft: gauge('history_blocks_left', 'L2 blocks still to be read in bulk; 0 when none are'),
    historyBlocks: gauge('history_blocks_per_second', 'L2 blocks that are read in bulk each second'),
    historyMessages: gauge('history_messages_per_second', 'Messages that are read in bulk each second'),
    historySeconds: gauge('history_seconds_left', 'How long that takes at this pace'),
    /* Do messages arrive? */
    messages: gauge('messages', 'Bridge messages by kind and state', ['kind', 'state']),
    oldest: gauge('oldest_message_seconds', 'How long the message that waits longest is in its state', [
      'kind',
      'state',
    ]),
    root: gauge('last_root_block', 'L2 block of the newest root on L1'),
    /* Is all the money there? */
    balanced: gauge('supply_balanced', '1 where minted = locked - in flight', ['token']),
    /* Can it send? */
    balance: gauge('key_balance_ether', 'What is left to pay for transactions', ['role']),
    pending: gauge('outbox_pending', 'Transactions on their way', ['role']),
    replacements: gauge('outbox_replacements', 'Transactions replaced by this process', ['role']),
    /* What do the chains look like from here? */
    head: gauge('head_block', 'Head of a chain', ['chain']),
    headTime: gauge('head_time_seconds', "Time of a chain's head", ['chain']),
    outvoted: gauge('node_outvoted', 'Answers of a node that the others contradicted', ['chain', 'node']),
    silent: gauge('node_silent', 'Questions that a node left without an answer', ['chain', 'node']),
  }
}

function show(gauges: ReturnType<typeof createGauges>, status: Status): void {
  gauges.alerts.set(Object.keys(status.alerts).length)
  gauges.lag.set(Number(status.cursor.lag))
  const { history } = status
  gauges.historyLeft.set(history === undefined ? 0 : Number(history.of - history.read))
  gauges.historyBlocks.set(history?.blocksPerSecond ?? 0)
  gauges.historyMessages.set(history?.messagesPerSecond ?? 0)
  gauges.historySeconds.set(history?.secondsLeft ?? 0)
  for (const kind of ['deposit', 'withdrawal'] as const) {
    // From 0 on: what begins at 1 has not increased for whoever looks at it.
    gauges.messages.set({ kind, state: 'failed' }, 0)
    for (const [state, count] of Object.entries(status.backlog[kind])) {
      gauges.messages.set({ kind, state }, count)
    }
    for (const [state, seconds] of Object.entries(status.oldestSeconds[kind])) {
      gauges.oldest.set({ kind, state }, seconds)
    }
  }
  gauges.root.set(Number(status.lastRoot?.l2Block ?? 0n))
  for (const { symbol: token, balanced } of status.supply ?? []) {
    gauges.balanced.set({ token }, balanced ? 1 : 0)
  }
  for (const [role, box] of Object.entries(status.outbox)) {
    gauges.balance.set({ role }, Number(box.balanceEther))
    gauges.pending.set({ role }, box.pending)
    gauges.replacements.set({ role }, box.replacements)
  }
  for (const [chain, { head, headTime }] of [
    ['L1', status.l1],
    ['L2', status.l2],
  ] as const) {
    gauges.head.set({ chain }, Number(head))
    gauges.headTime.set({ chain }, Number(headTime))
  }
  for (const [chain, nodes] of Object.entries(status.nodes)) {
    for (const { name: node, outvoted, silent } of nodes) {
      gauges.outvoted.set({ chain, node }, outvoted)
      gauges.silent.set({ chain, node }, silent)
    }
  }
}
