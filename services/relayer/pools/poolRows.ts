import { type Hash, zeroHash } from 'viem'
import { rowsAgree } from '../../../oracle/pools/crossChecks.ts'
import type { PoolRow } from '../../../oracle/pools/poolRow.ts'
import { isComplete, poolRowsRoot } from '../../../oracle/pools/poolRowsTree.ts'
import type { PoolStore } from './store.ts'

/*
 * Rows of pools are the one thing that nodes may rightly see differently: they ask with keys of their own, at times of their own. The
 * leader leaves out of its rows what a quorum does not bear out, before it signs anything; the others sign its root where they have
 * seen every one of its rows themselves, within half a percent. No row is always acceptable: a day never waits for pools for good.
 */

/** What this node knows of the pools' rows, by day. */
export type PoolRows = {
  /** Those that this node has from the pools themselves, and that the day's index allows. */
  seen(day: number): Promise<PoolRow[]>
  /** Whether a pool may soon give a row that is worth waiting for before the day is proposed. */
  waitsFor(day: number): boolean
  /** Whether a leader may wait for others who have not looked yet. */
  hasTime(day: number): boolean
  /** Begins to ask the pools for what is not known of these days. Nothing waits for the answers. */
  watch(days: readonly number[]): void
  /** Settles what this node proposes: of its own rows as many as at least `needed` of the others bear out, all together. */
  choose(day: number, others: readonly (readonly PoolRow[])[], needed: number): Promise<PoolRow[]>
  /** Root of what this node proposes; zero for no row. */
  rootOf(day: number): Hash
  /** Looks at another's rows, and keeps them where they can be signed. */
  offer(day: number, root: Hash, rows: readonly PoolRow[]): Promise<void>
  /** Whether rows with this root can be signed. */
  accepts(day: number, root: Hash): Promise<boolean>
  /** The rows behind a root that this node proposed or could sign. */
  rowsOf(day: number, root: Hash): Promise<PoolRow[] | undefined>
  /** All roots of a day that this node proposed or could sign. */
  rootsOf(day: number): Promise<Hash[]>
}

export type PoolRowsParameters = Pick<PoolRows, 'waitsFor' | 'hasTime' | 'watch'> & { store: PoolStore }

export function openPoolRows({ store, ...watching }: PoolRowsParameters): PoolRows {
  const chosen = new Map<number, Hash>()
  const seen = async (day: number) => (await store.rows(day)).filter(isComplete)

  return {
    ...{ seen, ...watching },
    choose: async (day, others, needed) => {
      const rows = borneOut(await seen(day), others, needed)
      const root = poolRowsRoot(rows)
      if (root !== zeroHash) await store.saveSet(day, root, rows)
      chosen.set(day, root)
      return rows
    },
    rootOf: (day) => chosen.get(day) ?? zeroHash,
    offer: async (day, root, rows) => {
      const own = await seen(day)
      if (root !== zeroHash && safeRoot(rows) === root && bearsOut(own, rows))
        await store.saveSet(day, root, rows)
    },
    accepts: async (day, root) => root === zeroHash || (await store.set(day, root)) !== undefined,
    rowsOf: (day, root) => store.set(day, root),
    rootsOf: (day) => store.roots(day),
  }
}

/** A node that watches no pool: it reports no row, and signs for none. */
export const noPoolRows: PoolRows = {
  seen: async () => [],
  waitsFor: () => false,
  hasTime: () => false,
  watch: () => {},
  choose: async () => [],
  rootOf: () => zeroHash,
  offer: async () => {},
  accepts: async (_day, root) => root === zeroHash,
  rowsOf: async () => undefined,
  rootsOf: async () => [],
}

/** Without the row that fewest bear out, as often as it takes. */
export function borneOut(
  own: readonly PoolRow[],
  others: readonly (readonly PoolRow[])[],
  needed: number,
): PoolRow[] {
  const support = (row: PoolRow) => others.filter((rows) => bearsOut(rows, [row])).length
  let left = own.toSorted((a, b) => support(b) - support(a) || (a.pool < b.pool ? -1 : 1))
  while (left.length > 0 && others.filter((rows) => bearsOut(rows, left)).length < needed) {
    left = left.slice(0, -1)
  }
  return left
}

/** Whether `seen` holds each of `rows`, as far as two who ask at different times can agree. */
function bearsOut(seen: readonly PoolRow[], rows: readonly PoolRow[]): boolean {
  return rows.every((row) => seen.some((each) => rowsAgree(each, row)))
}

/** Undefined for rows that have none: one pool twice, several days. */
function safeRoot(rows: readonly PoolRow[]): Hash | undefined {
  const isOneEach = new Set(rows.map(({ pool }) => pool)).size === rows.length
  return isOneEach && rows.every(isComplete) ? poolRowsRoot(rows) : undefined
}
