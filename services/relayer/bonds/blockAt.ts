import type { PublicClient } from 'viem'

/** Number of the first block whose time is `time` or later; the newest one where none is yet. */
export async function blockAt(client: PublicClient, time: number): Promise<bigint> {
  let low = 0n
  let high = await client.getBlockNumber()
  while (low < high) {
    const middle = (low + high) / 2n
    const { timestamp } = await client.getBlock({ blockNumber: middle })
    if (timestamp < BigInt(time)) low = middle + 1n
    else high = middle
  }
  return low
}
