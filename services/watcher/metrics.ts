import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { type Status, statusOf } from './status.ts'
import type { Watch } from './watch.ts'

/** This process's own registry; the values are read when somebody asks. */
export function createRegistry(watch: Watch): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `hashsand_watcher_${name}`, help, labelNames, registers: [registry] })

  const outputs = gauge('outputs', 'Outputs in sight by verdict', ['verdict'])
  const alerts = gauge('alerts', 'Things that somebody has to know (alert) or to do (page)', ['severity'])
  const numbers: [Gauge, (status: Status) => bigint | number | undefined][] = [
    [
      gauge('last_judged_l2_block', 'Newest L2 block whose output was judged'),
      (now) => now.lastJudgedL2Block,
    ],
    [gauge('l1_head_block', 'Newest L1 block seen'), (now) => now.l1?.head],
    [gauge('replica_safe_block', 'Safe head of the replica'), (now) => now.replica?.safe],
    [
      gauge('replica_lag_seconds', "Safe head of the replica behind L1's clock"),
      (now) => now.replica?.lagSeconds,
    ],
    [gauge('incidents', 'Wrong outputs seen in this life of the process'), (now) => now.incidents.length],
    [gauge('can_delete', '1 where the challenger key is here'), (now) => +(now.challenger?.here ?? false)],
  ]

  const read = registry.metrics.bind(registry)
  registry.metrics = () => {
    const status = statusOf(watch)
    for (const [verdict, count] of Object.entries(status.outputs)) outputs.set({ verdict }, count)
    for (const severity of ['alert', 'page']) {
      alerts.set({ severity }, status.alerts.filter((alert) => alert.severity === severity).length)
    }
    for (const [metric, value] of numbers) {
      const now = value(status)
      if (now !== undefined) metric.set(Number(now))
    }
    return read()
  }
  return registry
}
