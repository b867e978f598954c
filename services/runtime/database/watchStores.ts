import type { StoreNotWrittenError } from './errors.ts'
import { type OpenDatabase, openLevel } from './store.ts'

export type WatchedStores = {
  open: OpenDatabase
  /** Rejects with the first StoreNotWrittenError of any of them, even if whoever was told of it went on. */
  broken: Promise<never>
}

/** Opens stores that are of use together only: once one takes nothing more, all have to be opened anew. `onFailure` hears of each at once. */
export function watchStores(
  onFailure: (failure: StoreNotWrittenError) => void,
  openDatabase: typeof openLevel = openLevel,
): WatchedStores {
  let fail: (failure: StoreNotWrittenError) => void = () => {}
  const broken = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  // Nobody may be waiting when it happens.
  broken.catch(() => {})
  const tell = (failure: StoreNotWrittenError) => {
    fail(failure)
    onFailure(failure)
  }
  return { open: (folder) => openDatabase(folder, tell), broken }
}
