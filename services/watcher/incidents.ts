import type { Hash } from 'viem'
import { isWrong, type Judged, nameOf } from './judge.ts'

/** A wrong output and what became of it. */
export type Incident = {
  index: bigint
  l2Block: bigint
  root: Hash
  verdict: Judged['verdict']
  /** L1 time of its proposal, and of the block at which it was found. */
  proposedAt: bigint
  foundAt: bigint
  deletion?: { hash: Hash; l1Block: bigint }
  /** `gone`: it is not on L1 any more, and no deletion of this process is known to be the cause. */
  state: 'open' | 'deleted' | 'gone' | 'lost'
}

export type Incidents = {
  /** Compares with what L1 holds now. */
  update(judged: readonly Judged[], l1Time: bigint): void
  deleted(name: string, deletion: NonNullable<Incident['deletion']>): void
  /** Newest first. */
  all(): Incident[]
}

const MOST = 50

/** Alerts end with their cause; this remembers, for the life of the process. */
export function createIncidents(): Incidents {
  const incidents = new Map<string, Incident>()
  return {
    update: (judged, l1Time) => {
      const found = new Map(
        judged
          .filter((output) => isWrong(output) || output.verdict === 'lost')
          .map((output) => [nameOf(output), output]),
      )
      for (const [name, incident] of incidents) {
        if (!found.has(name))
          incidents.set(name, { ...incident, state: incident.deletion ? 'deleted' : 'gone' })
      }
      for (const [name, { index, l2Block, root, verdict, timestamp }] of found) {
        const before = incidents.get(name)
        const state = verdict === 'lost' ? 'lost' : 'open'
        const facts = { index, l2Block, root, verdict, proposedAt: timestamp, state } as const
        incidents.set(name, { foundAt: l1Time, ...before, ...facts })
      }
      for (const name of [...incidents.keys()].slice(0, -MOST)) incidents.delete(name)
    },
    deleted: (name, deletion) => {
      const incident = incidents.get(name)
      if (incident !== undefined) incidents.set(name, { ...incident, deletion })
    },
    all: () => [...incidents.values()].reverse(),
  }
}
