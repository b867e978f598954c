import { type Address, createTestClient, http, type PublicClient, parseEther } from 'viem'
import { waitFor } from '../wait.ts'

const purse = parseEther('10')

/**
 * The bundled test L1 gives ether for nothing; on L2 ether comes by deposits alone. A gift is no transaction that could be
 * sent again, so this waits until it can't be lost any more: a kill before the next block is on disk takes it back.
 */
export async function fillPurses(l1: PublicClient, addresses: readonly Address[]): Promise<void> {
  const poor = await poorOf(l1, addresses)
  if (poor.length === 0) return

  const faucet = createTestClient({ mode: 'anvil', transport: http(l1.transport.url) })
  for (const address of poor) await faucet.setBalance({ address, value: purse })
  const given = await l1.getBlockNumber({ cacheTime: 0 })
  await waitFor({
    what: 'two more blocks of L1',
    seconds: 60,
    remedy: 'Is the network up? Start it with npm start.',
    // The test L1 mines a block once the one before is on disk.
    look: async () => ((await l1.getBlockNumber({ cacheTime: 0 })) >= given + 2n ? true : undefined),
  })
  await fillPurses(l1, addresses)
}

async function poorOf(l1: PublicClient, addresses: readonly Address[]): Promise<Address[]> {
  const balances = await Promise.all(addresses.map((address) => l1.getBalance({ address })))
  return addresses.filter((_, position) => (balances[position] ?? 0n) < purse / 2n)
}
