/** Values that are dear to read, those that were asked for last. */
export type Recent<Key, Value> = {
  /** Reads what it does not have. */
  get(key: Key, read: () => Promise<Value | undefined>): Promise<Value | undefined>
  /** Has the new value once it is written, and none while that is under way or where it failed. */
  set(key: Key, value: Value, write: () => Promise<void>): Promise<void>
}

export function createRecent<Key, Value>(size: number): Recent<Key, Value> {
  const kept = new Map<Key, Value>()
  /** What is read while something is written may be older: it is not kept. */
  let writes = 0
  const keep = (key: Key, value: Value) => {
    kept.delete(key)
    kept.set(key, value)
    for (const oldest of kept.keys()) {
      if (kept.size <= size) return
      kept.delete(oldest)
    }
  }
  return {
    get: async (key, read) => {
      const known = kept.get(key)
      if (known !== undefined) return known
      const before = writes
      const value = await read()
      if (value !== undefined && writes === before) keep(key, value)
      return value
    },
    set: async (key, value, write) => {
      kept.delete(key)
      const own = ++writes
      await write()
      // Which of two writes came last, only a read can tell.
      if (writes++ === own) keep(key, value)
      else kept.delete(key)
    },
  }
}
