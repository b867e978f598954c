import type { Random } from './random.ts'

/** Every fault, and the share of its occasions at which it strikes in a run in which it is active. */
const rates = {
  /* the way to a node */
  'rpc.reset': 0.01,
  'rpc.throttled': 0.02,
  'rpc.timeout': 0.002,
  'rpc.lost-answer': 0.01,
  'rpc.node-error': 0.005,
  'rpc.lagging': 0.05,
  'rpc.null-receipt': 0.1,
  'rpc.logs-missing': 0.2,
  'rpc.receipts-incomplete': 0.2,
  'rpc.lies': 0.3,
  'l2.refuses-in-passing': 0.1,
  /* the service */
  'process.killed': 0.0015,
  'process.killed-with-node': 0.0008,
  'process.stopped': 0.0005,
  'process.paused': 0.0004,
  'disk.full': 0.01,
  'disk.slow': 0.1,
  'dump.failed': 0.05,
  /* the chains: once a block of L1 */
  'l1.reorganised': 0.08,
  'l1.reorganised-behind-l2': 0.04,
  'l1.fee-spike': 0.05,
  'l1.transaction-stuck': 0.3,
  'l1.transaction-evicted': 0.3,
  'l1.nonce-used-elsewhere': 0.05,
  'l1.root-deleted': 0.04,
  'l1.portal-paused': 0.03,
  /* the messages: once a message */
  'deposit.refused': 0.15,
  'deposit.reverts': 0.15,
  'deposit.relay-fails': 0.15,
  'deposit.mimicked': 0.15,
  'withdrawal.target-reverts': 0.4,
  'withdrawal.hostile': 0.2,
  'withdrawal.by-somebody-else': 0.2,
  'withdrawal.spent-by-somebody-else': 0.2,
  /* the operator: once a block of L1 */
  'operator.pauses': 0.1,
  'operator.skips': 0.1,
} as const

export type Fault = keyof typeof rates
export const faultNames = Object.keys(rates) as Fault[]

export type Faults = {
  /** Whether the fault strikes now; it is counted. */
  strikes(fault: Fault): boolean
  /** By chance, which of two ways a fault that strikes takes. */
  coin(): boolean
  /** No fault strikes from now on. */
  calm(): void
  isCalm(): boolean
  counts: Map<Fault, number>
}

/** Two phases: a run has some of the faults, so that they meet in many combinations, and each of these strikes now and then. */
export function createFaults(random: Random, share: number): Faults {
  // A node that lies is only there to do that.
  const active = new Set(faultNames.filter((fault) => random.chance(share) || fault === 'rpc.lies'))
  const counts = new Map<Fault, number>()
  let calm = false
  return {
    strikes: (fault) => {
      if (calm || !active.has(fault) || !random.chance(rates[fault])) return false
      counts.set(fault, (counts.get(fault) ?? 0) + 1)
      return true
    },
    coin: () => random.chance(0.5),
    calm: () => {
      calm = true
    },
    isCalm: () => calm,
    counts,
  }
}
