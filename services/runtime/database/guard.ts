import { StoreNotWrittenError } from './errors.ts'
import type { Database } from './store.ts'

/** What abstract-level calls in the end for every write, also of a part of the store; beside them the batch that `_chainedBatch` begins. */
const writers = ['_put', '_del', '_batch', '_clear'] as const
type Name = (typeof writers)[number]
type Writer = (...given: unknown[]) => Promise<void>

/**
 * Lets a store take nothing more once a write of it has failed. LevelDB itself goes on: a write that found no room leaves half a record in
 * the log, and what is written behind it, synced and acknowledged, is gone at the next start. Only opening the store anew helps.
 */
export function guardWrites<Guarded extends Database>(
  db: Guarded,
  folder: string,
  onFailure: (failure: StoreNotWrittenError) => void = () => {},
): Guarded {
  let failure: StoreNotWrittenError | undefined
  const guarded = (write: Writer): Writer => {
    return async (...given) => {
      if (failure !== undefined) throw failure
      try {
        await write(...given)
      } catch (cause) {
        failure ??= new StoreNotWrittenError(folder, cause)
        onFailure(failure)
        throw failure
      }
    }
  }
  // Safe: every implementation of abstract-level has these, and they take nothing but what is passed on.
  const open = db as unknown as Record<Name, Writer> & { _chainedBatch(): { _write: Writer } }
  for (const name of writers) open[name] = guarded(open[name].bind(db))
  const begin = open._chainedBatch.bind(db)
  open._chainedBatch = () => {
    const batch = begin()
    batch._write = guarded(batch._write.bind(batch))
    return batch
  }
  return db
}
