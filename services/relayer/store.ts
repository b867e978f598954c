import type { Hash } from 'viem'
import type { DayTotals } from '../../oracle/dayTotals.ts'
import type { Report } from '../../oracle/report.ts'
import type { ChainState } from '../../oracle/simulator/mine.ts'
import type { SimulatorCheckpoints } from '../../oracle/sources/simulator.ts'
import { formatRow, openLevel, parseRow } from '../runtime/store.ts'
import { RelayerStoreIdentityError } from './errors.ts'

/** What was signed for one network, day and round: one statement, under as many signer sets as there were meanwhile. */
export type Signed = { statement: Hash; digests: readonly Hash[]; report: Report }

export type RelayerStore = {
  /** Every report ever signed, by `network/day/round`. It must never be lost while its keys live. */
  signed(key: string): Promise<Signed | undefined>
  /** On disk when it returns. */
  recordSigned(key: string, signed: Signed): Promise<void>
  allSigned(): Promise<[key: string, signed: Signed][]>
  /** Totals of closed days: a cache, they follow from the source. */
  totals(day: number): Promise<DayTotals | undefined>
  lastTotals(): Promise<DayTotals | undefined>
  saveTotals(totals: DayTotals): Promise<void>
  checkpoints: SimulatorCheckpoints
  close(): Promise<void>
}

/** Opens the store of one network, or refuses one that was begun for another. */
export async function openRelayerStore(folder: string, identity: string): Promise<RelayerStore> {
  const db = await openLevel(folder)
  const meta = db.sublevel<string, string>('meta', {})
  const journal = db.sublevel<string, string>('signed', {})
  const days = db.sublevel<string, string>('days', {})
  const states = db.sublevel<string, string>('simulator', {})

  const stored = await meta.get('identity')
  if (stored !== undefined && stored !== identity) {
    await db.close()
    throw new RelayerStoreIdentityError(folder, stored, identity)
  }
  await db.batch([{ type: 'put', sublevel: meta, key: 'identity', value: identity }], { sync: true })

  return {
    signed: async (key) => parsed<Signed>(await journal.get(key)),
    recordSigned: (key, signed) =>
      db.batch([{ type: 'put', sublevel: journal, key, value: formatRow(signed) }], { sync: true }),
    allSigned: async () =>
      (await journal.iterator().all()).map(([key, value]) => [key, parseRow<Signed>(value)]),
    totals: async (day) => parsed<DayTotals>(await days.get(ordered(day))),
    lastTotals: async () => parsed<DayTotals>((await days.values({ reverse: true, limit: 1 }).all())[0]),
    saveTotals: (totals) => days.put(ordered(totals.day), formatRow(totals)),
    checkpoints: {
      before: async (height) =>
        parsed<ChainState>((await states.values({ lte: ordered(height), reverse: true, limit: 1 }).all())[0]),
      save: (state) => states.put(ordered(state.height), formatRow(state)),
    },
    close: () => db.close(),
  }
}

function parsed<Row>(text: string | undefined): Row | undefined {
  return text === undefined ? undefined : parseRow<Row>(text)
}

/** Keys sort as text: leading zeros make that the order of the numbers. */
function ordered(number: number): string {
  return String(number).padStart(10, '0')
}
