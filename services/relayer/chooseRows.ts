import { askAll } from './askAll.ts'
import type { NetworkView } from './chain.ts'
import type { Gathering } from './gather.ts'
import { type RowsAnswer, rowsAnswer } from './peers/messages.ts'
import { paths } from './peers/server.ts'

/** How long the others are waited for. */
const patienceMs = 1_000

/**
 * Asks the peers which rows they have seen, and keeps of this node's own what a quorum bears out. Answers the days that should not
 * be proposed yet: a row is not borne out, somebody has not looked at the pools yet, and there is time.
 */
export async function chooseRows(
  node: Gathering,
  { quorum }: NetworkView,
  days: readonly number[],
): Promise<ReadonlySet<number>> {
  const own = await Promise.all(days.map((day) => node.rows.seen(day)))
  const [firstDay, lastDay] = [days[0], days.at(-1)]
  if (own.flat().length === 0) return new Set(days.filter((day) => node.rows.waitsFor(day)))
  const heard: RowsAnswer[] = []
  await askAll({ ...node, patienceMs }, async (client) => {
    heard.push(await client.ask(paths.rows, { network: node.network, firstDay, lastDay }, rowsAnswer))
  })
  const early = new Set<number>()
  for (const [at, day] of days.entries()) {
    const others = heard.map(({ rows }) => rows.filter((row) => row.day === day))
    const chosen = await node.rows.choose(day, others, quorum - 1)
    // Whoever still looks may bear out what the others do not.
    const isOpen = heard.length < quorum - 1 || heard.some(({ ready }) => !ready.includes(day))
    const isShort = chosen.length < (own[at]?.length ?? 0) && isOpen && node.rows.hasTime(day)
    if (isShort || node.rows.waitsFor(day)) early.add(day)
  }
  return early
}
