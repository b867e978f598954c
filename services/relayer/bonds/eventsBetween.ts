/** Blocks asked for at once: what nodes of others grant. */
const span = 10_000n

type Range = { fromBlock: bigint; toBlock: bigint }

/** All events of a range of blocks, however long, oldest first. */
export async function eventsBetween<Event>(
  fromBlock: bigint,
  toBlock: bigint,
  read: (range: Range) => Promise<readonly Event[]>,
): Promise<Event[]> {
  const found: Event[] = []
  for (let from = fromBlock; from <= toBlock; from += span) {
    const last = from + span - 1n
    found.push(...(await read({ fromBlock: from, toBlock: last < toBlock ? last : toBlock })))
  }
  return found
}
