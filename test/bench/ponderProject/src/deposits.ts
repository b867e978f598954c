import { ponder } from 'ponder:registry'
import { deposit } from 'ponder:schema'

ponder.on('Portal:TransactionDeposited', async ({ event, context }) => {
  const { from, to, opaqueData } = event.args
  await context.db.insert(deposit).values({ id: event.id, from, to, opaqueData, block: event.block.number })
})
