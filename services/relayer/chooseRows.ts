import type { PoolRow } from '../../oracle/pools/poolRow.ts'
import { askAll } from './askAll.ts'
import type { NetworkView } from './chain.ts'
import type { Gathering } from './gather.ts'
import { rowsAnswer } from './peers/messages.ts'
import { paths } from './peers/server.ts'

export type ChooseRowsParameters = {
  days: readonly number[]
  /** How long the others are waited for. */
  patienceMs: number
}

/** Asks the peers which rows they have seen, and keeps of this node's own what a quorum bears out. */
export async function chooseRows(
  node: Gathering,
  { quorum }: NetworkView,
  { days, patienceMs }: ChooseRowsParameters,
): Promise<void> {
  const own = await Promise.all(days.map((day) => node.rows.seen(day)))
  const [firstDay, lastDay] = [days[0], days.at(-1)]
  if (own.flat().length === 0) return
  const heard: PoolRow[][] = []
  await askAll({ ...node, patienceMs }, async (client) => {
    const { rows } = await client.ask(paths.rows, { network: node.network, firstDay, lastDay }, rowsAnswer)
    heard.push(rows)
  })
  for (const day of days) {
    const others = heard.map((rows) => rows.filter((row) => row.day === day))
    await node.rows.choose(day, others, quorum - 1)
  }
}
