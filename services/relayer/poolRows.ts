import { zeroHash } from 'viem'
import type { PoolRows } from './agree.ts'

/** A node that watches no pool: it reports none, and signs for none that it cannot compare. */
export const noPoolRows: PoolRows = {
  rootOf: async () => zeroHash,
  accepts: async () => false,
}
