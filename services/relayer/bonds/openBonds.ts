import type { PublicClient } from 'viem'
import type { Log } from '../../runtime/log.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Days } from '../days.ts'
import type { Sight } from '../sight.ts'
import type { DayStore } from '../store.ts'
import { type BondsContracts, readBonds } from './contract.ts'
import { type DutyParameters, keepBonds } from './duty.ts'
import { createSendBonds } from './send.ts'

export type OpenBondsParameters = Omit<BondsContracts, 'bonds'> & {
  client: PublicClient
  /** Absent where the network has no bonds. */
  bonds: BondsContracts['bonds'] | undefined
  nodes: DutyParameters['nodes']
  days: Pick<Days, 'totals'>
  burial: DayStore['burial']
  sight: Sight
  /** Absent in a process that only looks on. */
  outbox: Outbox | undefined
  log: Log
}

/** Twice an hour of a real day: there are days to answer an accusation. */
const looksPerEpoch = 48
const leastPauseMs = 2_000

/** The round that looks after bonds, to be repeated; none where there are no bonds or nobody to pay. */
export function openBonds(parameters: OpenBondsParameters): (() => Promise<void>)[] {
  const { client, bonds, nodes, days, burial, sight, outbox, log, ...index } = parameters
  if (bonds === undefined || outbox === undefined) return []
  const duty: DutyParameters = {
    ...{ nodes, burial, log, totals: days.totals, payer: outbox.address, chainTime: sight.time },
    view: readBonds(client, { ...index, bonds }),
    newestDay: () => (sight.view()?.epoch ?? 0) - 1,
    send: createSendBonds({ client, bonds, outbox, log }),
  }
  let due = 0
  return [
    async () => {
      const view = sight.view()
      if (view === undefined || performance.now() < due) return
      due = performance.now() + Math.max((view.clock.epochSeconds * 1_000) / looksPerEpoch, leastPauseMs)
      await keepBonds(duty)
    },
  ]
}
