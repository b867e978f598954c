import { getAddress, type Hash } from 'viem'
import type { DayTotals } from '../../oracle/dayTotals.ts'
import { type Report, statementHash } from '../../oracle/report.ts'
import type { ChainState } from '../../oracle/simulator/mine.ts'
import type { SimulatorCheckpoints } from '../../oracle/sources/simulator.ts'
import { formatRow, parseRow } from '../runtime/database/rowText.ts'
import { openLevel } from '../runtime/database/store.ts'
import type { SignedReport } from './ballots.ts'
import { RelayerStoreIdentityError } from './errors.ts'

/** What was signed for one network, day and round: one statement, under as many signer sets as there were meanwhile. */
export type Signed = { statement: Hash; digests: readonly Hash[]; report: Report }

type DayOfNetwork = Pick<Report, 'network' | 'day'>

/** Everything that a node's key ever signed. It must never be lost while the key lives. */
export type JournalStore = {
  /** By `network/day/round`. */
  signed(key: string): Promise<Signed | undefined>
  /** In the order of the rounds. */
  signedOf(day: DayOfNetwork): Promise<Signed[]>
  /** On disk when it returns. */
  recordSigned(key: string, signed: Signed): Promise<void>
  allSigned(): Promise<[key: string, signed: Signed][]>
  /** What others were heard to have signed: proof against whoever contradicts himself, or later a proven day. */
  heardOf(day: DayOfNetwork): Promise<Heard[]>
  /** Keeps the first two statements of a signer in a round: more prove nothing more. */
  hear(signed: Heard): Promise<'new' | 'known' | 'equivocation'>
  close(): Promise<void>
}

/** Of one signer and day: a liar may not fill the disk. */
const maxHeardOfSigner = 32

/** `configDigest` names the signer set under which it was signed: a proof has to say it. */
export type Heard = SignedReport & { digest: Hash; configDigest: Hash }

/** Totals of closed days: a cache, they follow from the source. */
export type DayStore = {
  totals(day: number): Promise<DayTotals | undefined>
  lastTotals(): Promise<DayTotals | undefined>
  saveTotals(totals: DayTotals): Promise<void>
  checkpoints: SimulatorCheckpoints
  close(): Promise<void>
}

/** Opens the journal of one key on one network, or refuses one that was begun for another. */
export async function openJournalStore(folder: string, identity: string): Promise<JournalStore> {
  const db = await openBound(folder, identity)
  const journal = db.sublevel<string, string>('signed', {})
  const heard = db.sublevel<string, string>('heard', {})

  async function hear(signed: Heard): Promise<'new' | 'known' | 'equivocation'> {
    const { network, day, round } = signed.report
    const signer = getAddress(signed.signer)
    const prefix = `${network}/${day}/${signer}/`
    const before = (await heard.values(startingWith(prefix)).all()).map(parseRow<Heard>)
    if (before.length >= maxHeardOfSigner) return 'known'
    if (before.some(({ digest }) => digest === signed.digest)) return 'known'
    const here = [...before.filter(({ report }) => report.round === round), signed]
    const statements = new Set(here.map(({ report }) => statementHash(report)))
    if (statements.size > 2) return 'known'
    await heard.put(`${prefix}${round}/${signed.digest}`, formatRow({ ...signed, signer }))
    return statements.size === 2 ? 'equivocation' : 'new'
  }

  return {
    signed: async (key) => parsed<Signed>(await journal.get(key)),
    signedOf: async ({ network, day }) => {
      const rows = await journal.values(startingWith(`${network}/${day}/`)).all()
      return rows.map(parseRow<Signed>).sort((a, b) => a.report.round - b.report.round)
    },
    recordSigned: (key, signed) =>
      db.batch([{ type: 'put', sublevel: journal, key, value: formatRow(signed) }], { sync: true }),
    allSigned: async () =>
      (await journal.iterator().all()).map(([key, value]) => [key, parseRow<Signed>(value)]),
    heardOf: async ({ network, day }) =>
      (await heard.values(startingWith(`${network}/${day}/`)).all()).map(parseRow<Heard>),
    hear,
    close: () => db.close(),
  }
}

/** Opens the closed days of one source, or refuses those of another. */
export async function openDayStore(folder: string, identity: string): Promise<DayStore> {
  const db = await openBound(folder, identity)
  const days = db.sublevel<string, string>('days', {})
  const states = db.sublevel<string, string>('simulator', {})
  return {
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

async function openBound(folder: string, identity: string) {
  const db = await openLevel(folder)
  const meta = db.sublevel<string, string>('meta', {})
  const stored = await meta.get('identity')
  if (stored !== undefined && stored !== identity) {
    await db.close()
    throw new RelayerStoreIdentityError(folder, stored, identity)
  }
  await db.batch([{ type: 'put', sublevel: meta, key: 'identity', value: identity }], { sync: true })
  return db
}

/** Keys end their parts with a slash, and the character after the slash is 0. */
const startingWith = (prefix: string) => ({ gte: prefix, lt: `${prefix.slice(0, -1)}0` })

function parsed<Row>(text: string | undefined): Row | undefined {
  return text === undefined ? undefined : parseRow<Row>(text)
}

/** Keys sort as text: leading zeros make that the order of the numbers. */
function ordered(number: number): string {
  return String(number).padStart(10, '0')
}
