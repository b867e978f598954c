import type { Database } from './store.ts'
import type { Table } from './table.ts'

export type Operations = readonly ReturnType<Table['put' | 'del']>[]

/**
 * Writes rows of a store together; on disk when it resolves. In a chained batch and by whole keys: an array with sublevels takes twice as
 * long, and a page of history has thousands of rows.
 */
export function writeTogether(db: Database, operations: Operations): Promise<void> {
  const batch = db.batch()
  for (const operation of operations) {
    const key = operation.sublevel.prefix + operation.key
    if (operation.type === 'put') batch.put(key, operation.value)
    else batch.del(key)
  }
  return batch.write({ sync: true })
}
