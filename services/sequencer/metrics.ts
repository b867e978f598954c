import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Shared } from './status.ts'
import { readStatus } from './status.ts'

/** This process's own registry; the values are read when somebody asks. */
export function createRegistry(shared: Shared): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `hashsand_sequencer_${name}`, help, labelNames, registers: [registry] })

  const heads = gauge('head_block', 'Head of a chain', ['chain'])
  const lag = gauge('derivation_lag_blocks', 'Durable L1 blocks that L2 has not executed')
  const backlog = gauge('messages', 'Bridge messages by kind and state', ['kind', 'state'])
  const root = gauge('last_root_block', 'L2 block of the newest root on L1')
  const pending = gauge('outbox_pending', 'Transactions on their way', ['role'])
  const replaced = gauge('outbox_replacements', 'Transactions replaced by this process', ['role'])
  const balanced = gauge('supply_balanced', '1 where minted = locked - in flight', ['token'])
  const outvoted = gauge('node_outvoted', 'Answers of a node that the others contradicted', ['chain', 'node'])
  const silent = gauge('node_silent', 'Questions that a node left without an answer', ['chain', 'node'])
  const alerts = gauge('alerts', 'Things that an operator has to look at')

  const read = registry.metrics.bind(registry)
  registry.metrics = async () => {
    const status = await readStatus(shared)
    heads.set({ chain: 'L1' }, Number(status.l1.head))
    heads.set({ chain: 'L2' }, Number(status.l2.head))
    lag.set(Number(status.cursor.lag))
    backlog.reset()
    for (const [kind, states] of Object.entries(status.backlog)) {
      for (const [state, count] of Object.entries(states)) backlog.set({ kind, state }, count)
    }
    root.set(Number(status.lastRoot?.l2Block ?? 0n))
    for (const [role, box] of Object.entries(status.outbox)) {
      pending.set({ role }, box.pending)
      replaced.set({ role }, box.replacements)
    }
    for (const { symbol, balanced: even } of status.supply ?? [])
      balanced.set({ token: symbol }, even ? 1 : 0)
    for (const [chain, nodes] of Object.entries(status.nodes)) {
      for (const { name: node, ...standing } of nodes) {
        outvoted.set({ chain, node }, standing.outvoted)
        silent.set({ chain, node }, standing.silent)
      }
    }
    alerts.set(Object.keys(status.alerts).length)
    return read()
  }
  return registry
}
