import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Status } from './status.ts'

export type Metrics = {
  registry: Registry
  roundDone(): void
  roundFailed(error: string): void
}

/** This process's own registry. Gauges are read from the status when somebody asks. */
export function createMetrics(status: () => Status): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const gauge = (name: string, help: string, read: (status: Status) => number | undefined) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        const value = read(status())
        if (value !== undefined) this.set(value)
      },
    })
  gauge('hashsand_relayer_epoch', "The clock's epoch", ({ epoch }) => epoch)
  gauge('hashsand_relayer_last_source_day', 'Last day closed from blocks', (now) => now.lastSourceDay)
  gauge('hashsand_relayer_last_attested_day', 'Last day attested on chain', (now) => now.lastAttestedDay)
  gauge('hashsand_relayer_last_final_day', 'Last day final on chain', (now) => now.lastFinalDay)
  gauge('hashsand_relayer_lag_days', 'Days over and not attested', (now) => now.lagDays)
  gauge(
    'hashsand_relayer_pending_transactions',
    'Transactions on their way',
    (now) => now.pendingTransactions,
  )
  gauge('hashsand_relayer_exhausted', '1 when the recorded history is at its end', (now) => +now.exhausted)

  const rounds = new Counter({
    name: 'hashsand_relayer_rounds_total',
    help: 'Rounds that ended well',
    registers,
  })
  const failures = new Counter({
    name: 'hashsand_relayer_round_failures_total',
    help: 'Rounds that failed and are tried again',
    labelNames: ['error'] as const,
    registers,
  })
  return {
    registry,
    roundDone: () => rounds.inc(),
    roundFailed: (error) => failures.inc({ error }),
  }
}
