import { type Address, createTestClient, http, type PublicClient, parseEther } from 'viem'
import type { Side } from './stage.ts'

const purse = parseEther('10')

/** The bundled test L1 gives ether for nothing. On L2 ether comes by deposits alone. */
export async function fillPurse(l1: PublicClient, address: Address, side: Side): Promise<void> {
  if (side === 'l2' || (await l1.getBalance({ address })) >= purse / 2n) return
  const faucet = createTestClient({ mode: 'anvil', transport: http(l1.transport.url) })
  await faucet.setBalance({ address, value: purse })
}
