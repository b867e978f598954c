import type { RequestListener } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { formatEther } from 'viem'
import type { EngineEvent } from '../../../chain/engine/engine.ts'
import type { Vitals } from '../../../chain/engine/opstack/vitals.ts'
import { type Served, serve } from '../../runtime/http.ts'

export type MetricsParameters = {
  /** Asked each time that somebody reads the metrics. What it rejects with is told as not ready. */
  look: () => Promise<Vitals>
  sequencingWindowBlocks: number
}

export type OperatorMetrics = { registry: Registry; count(event: EngineEvent): void }

/** The supervisor's own registry, in the order of an operator's questions. */
export function createMetrics({ look, sequencingWindowBlocks }: MetricsParameters): OperatorMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauges = createGauges(registry)
  const counters = createCounters(registry)
  const balances = new Map<string, bigint>()
  const read = registry.metrics.bind(registry)
  registry.metrics = async () => {
    forget(gauges)
    gauges.window.set(sequencingWindowBlocks)
    try {
      const vitals = await look()
      show(gauges, vitals)
      countSpent(counters.spent, balances, vitals)
      gauges.ready.set(1)
    } catch {
      // What was known is no longer so, and that alone is told.
      gauges.ready.set(0)
    }
    return read()
  }
  return { registry, count: ({ what, severity }) => counters.events.inc({ what, severity }) }
}

function createGauges(registry: Registry) {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    new Gauge({ name: `hashsand_operator_${name}`, help, labelNames, registers: [registry] })
  return {
    /* Does it run? */
    ready: gauge('ready', '1 when L1 and op-node answer'),
    head: gauge('head_block', 'Head of L1, and the unsafe, safe and finalized head of L2', ['head']),
    headTime: gauge('head_time_seconds', 'Time of that head', ['head']),
    /* Do batches arrive? */
    safeLag: gauge('safe_lag_seconds', 'From the safe head of L2 to its newest block'),
    originLag: gauge('safe_origin_lag_blocks', "L1 blocks since the safe head's origin"),
    window: gauge('sequencing_window_blocks', 'L1 blocks after which acknowledged transactions are lost'),
    /* Can it send? */
    balance: gauge('key_balance_ether', 'What is left on L1', ['role']),
    nonce: gauge('nonce', 'Transactions of a key in blocks of L1', ['role']),
    nonceGap: gauge('nonce_gap', "Transactions of a key that wait in L1's pool", ['role']),
    /* Does the archive fit? */
    used: gauge('archive_bytes', "Op-geth's folder on disk"),
    free: gauge('disk_free_bytes', 'What is left on its disk'),
  }
}

/** A gauge without labels would be 0 when it is reset: a disk that is full. */
function forget(gauges: ReturnType<typeof createGauges>): void {
  const { safeLag, originLag, used, free } = gauges
  for (const gauge of Object.values(gauges)) gauge.reset()
  for (const gauge of [safeLag, originLag, used, free]) gauge.remove()
}

/** Each of them from 0 on: what begins at 1 has not increased for whoever looks at it. */
function createCounters(registry: Registry) {
  const events = new Counter({
    name: 'hashsand_operator_events_total',
    help: 'What the supervisor told of',
    labelNames: ['what', 'severity'],
    registers: [registry],
  })
  const spent = new Counter({
    name: 'hashsand_operator_key_spent_ether_total',
    help: 'What left a key on L1; what it was sent counts not',
    labelNames: ['role'],
    registers: [registry],
  })
  for (const [what, severity] of Object.entries(severities)) events.inc({ what, severity }, 0)
  for (const role of ['batcher', 'proposer']) spent.inc({ role }, 0)
  return { events, spent }
}

const severities: Record<EngineEvent['what'], EngineEvent['severity']> = {
  'component-restarted': 'alert',
  'l1-reorganised': 'alert',
  'safe-head-stuck': 'alert',
  'safe-lag': 'page',
  'l2-stuck': 'page',
  'out-of-funds': 'page',
  'roots-behind': 'alert',
  'beacon-unreachable': 'page',
  'window-missed': 'page',
  'window-regained': 'alert',
}

function show(gauges: ReturnType<typeof createGauges>, vitals: Vitals): void {
  const { heads, safeOriginLagBlocks, senders, disk } = vitals
  for (const [head, { number, timestamp }] of Object.entries(heads)) {
    gauges.head.set({ head }, number)
    gauges.headTime.set({ head }, timestamp)
  }
  gauges.safeLag.set(heads.unsafe.timestamp - heads.safe.timestamp)
  gauges.originLag.set(safeOriginLagBlocks)
  for (const [role, { balanceWei, nonce }] of Object.entries(senders)) {
    gauges.balance.set({ role }, Number(formatEther(balanceWei)))
    gauges.nonce.set({ role }, nonce.latest)
    gauges.nonceGap.set({ role }, nonce.pending - nonce.latest)
  }
  gauges.used.set(disk.usedBytes)
  gauges.free.set(disk.freeBytes)
}

/** A key that gets ether while it spends would look as if it burned nothing, so what left it is summed up from look to look. */
function countSpent(spent: Counter, balances: Map<string, bigint>, { senders }: Vitals): void {
  for (const [role, { balanceWei }] of Object.entries(senders)) {
    const before = balances.get(role) ?? balanceWei
    if (balanceWei < before) spent.inc({ role }, Number(formatEther(before - balanceWei)))
    balances.set(role, balanceWei)
  }
}

/** `/metrics` in Prometheus' text form, on the loopback; `/healthz` says that the supervisor is there. */
export function serveMetrics({ registry }: OperatorMetrics, port: number): Promise<Served> {
  const app: RequestListener = async (request, response) => {
    const { url } = request
    if (url === '/healthz') return void response.writeHead(200).end('{"ok":true}')
    if (url !== '/metrics') return void response.writeHead(404).end('There are /healthz and /metrics.')
    const text = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType }).end(text)
  }
  return serve({ app, port, purpose: "the operator's metrics" })
}
