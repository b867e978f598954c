import { onchainTable } from 'ponder'

export const deposit = onchainTable('deposit', (column) => ({
  id: column.text().primaryKey(),
  from: column.hex().notNull(),
  to: column.hex().notNull(),
  opaqueData: column.hex().notNull(),
  block: column.bigint().notNull(),
}))
