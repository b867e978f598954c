import type { PublicClient } from 'viem'
import type { Log } from '../../runtime/log.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Days } from '../days.ts'
import type { Sight } from '../sight.ts'
import type { Heard } from '../store.ts'
import { endOfDay } from '../turns.ts'
import { attestedOnChain } from './attested.ts'
import { type BondsContracts, readBonds } from './contract.ts'
import { type DutyParameters, keepBonds } from './duty.ts'
import { createSendBonds } from './send.ts'

export type OpenBondsParameters = Omit<BondsContracts, 'bonds'> & {
  client: PublicClient
  chainId: number
  /** Absent where the network has no bonds. */
  bonds: BondsContracts['bonds'] | undefined
  nodes: DutyParameters['nodes']
  days: Pick<Days, 'totals'>
  burials: DutyParameters['burials']
  sight: Sight
  /** Absent in a process that only looks on. */
  outbox: Outbox | undefined
  log: Log
}

/** Twice an hour of a real day: there are days to answer an accusation. */
const looksPerEpoch = 48
const leastPauseMs = 2_000

export type BondDuty = {
  /** To be repeated; none where there are no bonds, or nobody to pay. */
  rounds: readonly (() => Promise<void>)[]
  /** Accusations of this process's nodes that it could not refute. */
  defenceless(): number | undefined
}

/** Looks after bonds: those of others that have to go, and those of its own nodes that have to stay. */
export function openBonds(parameters: OpenBondsParameters): BondDuty {
  const { client, bonds, chainId, nodes, days, burials, sight, outbox, log, ...index } = parameters
  if (bonds === undefined || outbox === undefined) return { rounds: [], defenceless: () => undefined }
  const view = readBonds(client, { ...index, bonds })
  const evidence = new Map<number, readonly Heard[]>()
  const attested = async (day: number) => {
    const seen = sight.view()
    const known = evidence.get(day)
    if (known !== undefined || seen === undefined) return known ?? []
    const domain = { chainId, rewardIndex: index.rewardIndex, configDigest: seen.configDigest }
    const times = { from: endOfDay(seen.clock, day), until: await view.provenAt(day) }
    const found = await attestedOnChain({ client, domain, network: index.network, day, ...times })
    evidence.set(day, found)
    return found
  }
  const duty: DutyParameters = {
    ...{ nodes, burials, attested, log, totals: days.totals, payer: outbox.address, chainTime: sight.time },
    ...{ view, newestDay: () => (sight.view()?.epoch ?? 0) - 1 },
    send: createSendBonds({ client, bonds, outbox, log }),
  }
  let due = 0
  let left = 0
  const round = async () => {
    const seen = sight.view()
    if (seen === undefined || performance.now() < due) return
    due = performance.now() + Math.max((seen.clock.epochSeconds * 1_000) / looksPerEpoch, leastPauseMs)
    left = await keepBonds(duty)
  }
  return { rounds: [round], defenceless: () => left }
}
