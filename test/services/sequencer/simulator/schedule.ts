import { createHash } from 'node:crypto'
import type { Random } from './random.ts'

/** Who a thing happens to. What was meant for one that was killed never happens. */
export type Owner = { alive: boolean; pausedUntil: number }

type Happening = { at: number; tie: number; owner: Owner; label: string; run: () => void }

export type Schedule = {
  /** Virtual milliseconds. */
  now(): number
  /** Things of one moment happen in an order of chance. Answers how to call it off. */
  after(ms: number, owner: Owner, label: string, run: () => void): () => void
  /** Lets the next thing happen. Answers false once there is none. */
  step(): Promise<boolean>
  /** Happenings so far, and a hash over all of them in their order. */
  trace(): { count: number; hash: string }
}

const immediately = setImmediate

/** Every promise that waits for nothing of the schedule goes on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => immediately(resolve))
}

/** Virtual time: nothing waits, and one seed gives one order. `beforeEach` sees what is about to happen, and may kill its owner. */
export function createSchedule(random: Random, beforeEach: (owner: Owner) => void): Schedule {
  const heap: Happening[] = []
  const hash = createHash('sha256')
  let now = 0
  let count = 0

  const push = (happening: Happening) => {
    let child = heap.push(happening) - 1
    while (child > 0) {
      const parent = (child - 1) >> 1
      if (!isBefore(heap, child, parent)) break
      swap(heap, child, parent)
      child = parent
    }
  }

  return {
    now: () => now,
    after: (ms, owner, label, run) => {
      const happening = { at: now + ms, tie: random.next(), owner, label, run }
      push(happening)
      return () => {
        happening.run = () => {}
        happening.label = ''
      }
    },
    step: async () => {
      const next = pop(heap)
      if (next === undefined) return false
      const { owner, label } = next
      if (owner.pausedUntil > next.at) {
        push({ ...next, at: owner.pausedUntil })
        return true
      }
      now = next.at
      if (label === '') return true
      if (owner.alive) beforeEach(owner)
      if (!owner.alive) return true
      count += 1
      hash.update(`${now} ${label}\n`)
      next.run()
      // Every promise that waits for nothing else goes on before the next thing happens.
      await settled()
      return true
    },
    trace: () => ({ count, hash: hash.copy().digest('hex') }),
  }
}

function isBefore(heap: Happening[], one: number, other: number): boolean {
  const [a, b] = [heap[one], heap[other]]
  if (a === undefined || b === undefined) return false
  return a.at < b.at || (a.at === b.at && a.tie < b.tie)
}

function swap(heap: Happening[], one: number, other: number): void {
  const [a, b] = [heap[one], heap[other]]
  if (a === undefined || b === undefined) return
  heap[one] = b
  heap[other] = a
}

function pop(heap: Happening[]): Happening | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  heap[0] = last
  for (let parent = 0; ; ) {
    const left = parent * 2 + 1
    let least = parent
    if (left < heap.length && isBefore(heap, left, least)) least = left
    if (left + 1 < heap.length && isBefore(heap, left + 1, least)) least = left + 1
    if (least === parent) return first
    swap(heap, least, parent)
    parent = least
  }
}

/** Puts virtual timers in the place of the process's: those of the code under test, and those of the libraries that it uses. */
export function replaceTimers(schedule: Schedule, owner: () => Owner): () => void {
  const [set, clear] = [globalThis.setTimeout, globalThis.clearTimeout]
  const pending = new Map<number, () => void>()
  let last = 0
  const setVirtual = (run: (...given: unknown[]) => void, ms = 0, ...given: unknown[]) => {
    last += 1
    const id = last
    pending.set(
      id,
      schedule.after(ms, owner(), 'timer', () => {
        pending.delete(id)
        run(...given)
      }),
    )
    return id
  }
  const clearVirtual = (id: number) => {
    pending.get(id)?.()
    pending.delete(id)
  }
  // Safe: the code under test only sets timers and clears them by what it was given.
  globalThis.setTimeout = setVirtual as unknown as typeof globalThis.setTimeout
  globalThis.clearTimeout = clearVirtual as unknown as typeof globalThis.clearTimeout
  return () => {
    globalThis.setTimeout = set
    globalThis.clearTimeout = clear
  }
}
