import { AbstractIterator, AbstractLevel } from 'abstract-level'
import type { Level } from 'level'
import type { StoreNotWrittenError } from '../../../../services/runtime/database/errors.ts'
import { guardWrites } from '../../../../services/runtime/database/guard.ts'
import { FullDiskError, LockedError } from './errors.ts'
import type { Faults } from './faults.ts'
import type { Random } from './random.ts'
import type { Owner, Schedule } from './schedule.ts'

type Change = { type: 'put' | 'del'; key: string; value?: string }
type Folder = {
  synced: Map<string, string>
  rows: Map<string, string>
  unsynced: Change[][]
  /** Keys of `rows` in their order, until one comes or goes. */
  sorted: readonly string[] | undefined
  /** Since a write found no room: what whoever opens the store next will find. What is written after that is read, and gone then. */
  whole: Map<string, string> | undefined
  /** Who has it open. */
  holder: MemoryLevel | undefined
}

export type Disk = {
  /** A store for one run of the service. Its writes happen when the schedule says so. */
  open(
    folder: string,
    owner: Owner,
    onFailure?: (failure: StoreNotWrittenError) => void,
  ): Promise<Level<string, string>>
  /** Whether a store was ever opened. */
  has(folder: string): boolean
  /** Throws while the disk is full. */
  checkRoom(): Promise<void>
  /** Power is gone: of what was not synced, an end of any length is lost. */
  crash(): void
  /** Whether a text stands in some store for good. */
  holds(text: string): boolean
  /** Writes a file whole or not at all, synced. */
  writeFile(name: string, owner: Owner, put: () => void): Promise<void>
}

type Parts = { schedule: Schedule; random: Random; faults: Faults; space: Space }

export function createDisk(given: Pick<Parts, 'schedule' | 'random' | 'faults'>): Disk {
  const parts = { ...given, space: createSpace(given) }
  const { schedule, random, faults, space } = parts
  const folders = new Map<string, Folder>()
  return {
    open: async (name, owner, onFailure) => {
      const folder = folders.get(name) ?? emptyFolder()
      folders.set(name, folder)
      if (folder.holder?.isHeld()) throw new LockedError(name)
      if (folder.whole !== undefined) Object.assign(folder, { rows: folder.whole, sorted: undefined })
      // What LevelDB finds in its log it puts into a table, synced, before anybody reads it.
      Object.assign(folder, { synced: new Map(folder.rows), unsynced: [] })
      const level = new MemoryLevel(name, folder, { ...parts, owner })
      Object.assign(folder, { whole: undefined, holder: level })
      await level.open()
      // Safe: every part of Level that a store uses is abstract-level's.
      return guardWrites(level as unknown as Level<string, string>, name, onFailure)
    },
    checkRoom: async () => {
      if (space.isFull()) throw new FullDiskError('room.probe')
    },
    crash: () => {
      for (const folder of folders.values()) {
        const kept = folder.unsynced.slice(0, random.below(folder.unsynced.length + 1))
        for (const batch of kept) applyTo(folder.synced, batch)
        folder.rows = new Map(folder.synced)
        folder.unsynced = []
        Object.assign(folder, { sorted: undefined, whole: undefined })
      }
    },
    has: (name) => folders.has(name),
    holds: (text) =>
      [...folders.values()].some(({ synced }) => [...synced.values()].some((row) => row.includes(text))),
    writeFile: (name, owner, put) =>
      new Promise((resolve, reject) => {
        schedule.after(latency(parts), owner, `file ${name}`, () => {
          if (faults.strikes('dump.failed')) return reject(new FullDiskError(name))
          put()
          schedule.after(1, owner, `file ${name} written`, resolve)
        })
      }),
  }
}

type Space = ReturnType<typeof createSpace>

const longestFullMs = 20_000

/** It fills up by chance, and somebody makes room after a while. */
function createSpace({ schedule, random, faults }: Pick<Parts, 'schedule' | 'random' | 'faults'>) {
  let fullUntil = 0
  return {
    isFull: () => !faults.isCalm() && schedule.now() < fullUntil,
    fill: () => {
      // Half the time there is room again before anybody could look.
      fullUntil = schedule.now() + (random.chance(0.5) ? 0 : random.below(longestFullMs))
    },
  }
}

function emptyFolder(): Folder {
  return {
    ...{ synced: new Map(), rows: new Map(), unsynced: [] },
    ...{ sorted: undefined, whole: undefined, holder: undefined },
  }
}

function latency({ random, faults }: Pick<Parts, 'random' | 'faults'>): number {
  return faults.strikes('disk.slow') ? 200 + random.below(2_000) : 1
}

function applyTo(rows: Map<string, string>, batch: readonly Change[]): void {
  for (const { type, key, value } of batch) {
    if (type === 'put' && value !== undefined) rows.set(key, value)
    else rows.delete(key)
  }
}

type Options = { sync?: boolean }
type Range = { gte?: string; gt?: string; lte?: string; lt?: string; reverse?: boolean; limit?: number }

/** A sorted store that forgets on a crash what was not synced. A batch is there whole or not at all. */
class MemoryLevel extends AbstractLevel<string, string, string> {
  readonly #name: string
  readonly #folder: Folder
  readonly #parts: Parts & { owner: Owner }

  constructor(name: string, folder: Folder, parts: Parts & { owner: Owner }) {
    super({ encodings: { utf8: true }, permanence: true }, {})
    this.#name = name
    this.#folder = folder
    this.#parts = parts
  }

  async _get(key: string): Promise<string | undefined> {
    return this.#folder.rows.get(key)
  }

  _put(key: string, value: string, options: Options): Promise<void> {
    return this._batch([{ type: 'put', key, value }], options)
  }

  _del(key: string, options: Options): Promise<void> {
    return this._batch([{ type: 'del', key }], options)
  }

  _batch(batch: Change[], { sync = false }: Options): Promise<void> {
    const { schedule, faults, owner, space } = this.#parts
    return new Promise((resolve, reject) => {
      schedule.after(latency(this.#parts), owner, `write ${this.#name}`, () => {
        const isStruck = faults.strikes('disk.full')
        if (isStruck) space.fill()
        if (isStruck || space.isFull()) return reject(this.#torn(batch))
        const { rows, whole } = this.#folder
        if (batch.some(({ type, key }) => (type === 'put') !== rows.has(key))) this.#folder.sorted = undefined
        applyTo(rows, batch)
        // Behind half a record nothing is found, synced or not.
        if (whole === undefined) this.#folder.unsynced.push(batch)
        if (whole === undefined && sync) {
          for (const earlier of this.#folder.unsynced) applyTo(this.#folder.synced, earlier)
          this.#folder.unsynced = []
        }
        schedule.after(0, owner, `written ${this.#name}`, resolve)
      })
    })
  }

  /** As LevelDB: half of the record is in the log, or all of it and it could not be synced; and it goes on behind that. */
  #torn(batch: Change[]): FullDiskError {
    const folder = this.#folder
    if (folder.whole === undefined) {
      folder.whole = new Map(folder.rows)
      if (this.#parts.random.chance(0.5)) {
        applyTo(folder.whole, batch)
        folder.unsynced.push(batch)
      }
    }
    return new FullDiskError(this.#name)
  }

  isHeld(): boolean {
    return this.#parts.owner.alive && this.status !== 'closed'
  }

  _iterator(range: Range): AbstractIterator<this, string, string> {
    const { gte, gt, lte, lt, reverse, limit = -1 } = range
    this.#folder.sorted ??= [...this.#folder.rows.keys()].sort()
    const keys = this.#folder.sorted.filter(
      (key) =>
        (gte === undefined || key >= gte) &&
        (gt === undefined || key > gt) &&
        (lte === undefined || key <= lte) &&
        (lt === undefined || key < lt),
    )
    if (reverse) keys.reverse()
    const wanted = limit < 0 ? keys : keys.slice(0, limit)
    const entries = wanted.map((key): [string, string] => [key, this.#folder.rows.get(key) ?? ''])
    return new MemoryIterator(this, range, entries)
  }
}

class MemoryIterator<Database> extends AbstractIterator<Database, string, string> {
  #next = 0
  readonly #entries: readonly [string, string][]

  constructor(db: Database, range: object, entries: readonly [string, string][]) {
    super(db, range as ConstructorParameters<typeof AbstractIterator<Database, string, string>>[1])
    this.#entries = entries
  }

  async _next(): Promise<[string, string] | undefined> {
    const entry = this.#entries[this.#next]
    this.#next += 1
    return entry
  }
  async _nextv(size: number): Promise<[string, string][]> {
    const entries = this.#entries.slice(this.#next, this.#next + size)
    this.#next += entries.length
    return entries
  }

  _all(): Promise<[string, string][]> {
    return this._nextv(this.#entries.length)
  }
}
