/** Enough to keep a node busy, and few enough that it answers each. */
const atOnce = 24

/** What `task` makes of each item, in the order of the items, with a bounded number of them under way. */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length)
  let next = 0
  async function work(): Promise<void> {
    for (let at = next++; at < items.length; at = next++) {
      // Safe: `at` is an index of the items.
      results[at] = await task(items[at] as Item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return results
}
