import { type Address, erc20Abi, isAddressEqual } from 'viem'
import { readWithdrawalFacts } from '../../bridge/observe.ts'
import { l1StandardBridgeAbi } from '../../chain/generated/opAbi.ts'
import { readShown } from './blocks.ts'
import { readCursor } from './derive.ts'
import { alert, type Network, settledHead } from './network.ts'
import type { MessageRecord } from './records.ts'

/** Minted on L2 = locked on L1 − in flight, in base units. */
export type Supply = {
  symbol: string
  /** L1 block at which the sides were compared. */
  l1Block: bigint
  locked: bigint
  minted: bigint
  inFlight: bigint
  balanced: boolean
}

/**
 * Compares what each token's bridge holds on L1 with what exists on L2. Undefined while L2 is behind L1, or when one of them moved meanwhile:
 * the two sides are only comparable at one moment. Ether is compared as what came in against what the portal holds.
 */
export async function readSupply(network: Network): Promise<Supply[] | undefined> {
  return readShown(network, async () => {
    const head = await settledHead(network)
    const cursor = await readCursor(network)
    if (head === undefined || head.hash !== cursor.hash) return undefined
    const messages = await messagesAt(network, head.number)
    const supplies = [await etherSupply(network, messages, head.number)]
    for (const token of network.manifest.tokens) {
      supplies.push(await tokenSupply(network, messages, token, head.number))
    }
    const after = await network.l1.getBlock()
    return after.hash === head.hash ? supplies : undefined
  })
}

/** All messages, with the states that open withdrawals have at this very block. */
async function messagesAt({ l1, store, manifest }: Network, blockNumber: bigint): Promise<MessageRecord[]> {
  const { contracts } = manifest.l1
  const messages = await store.messages()
  return Promise.all(
    messages.map(async (message) => {
      if (message.kind === 'deposit' || !isInFlight(message)) return message
      const query = { contracts, withdrawal: message.withdrawal, blockNumber }
      const { finalised, delivered } = await readWithdrawalFacts(l1, query)
      return finalised && delivered ? { ...message, state: 'finalised' } : message
    }),
  )
}

export async function watchSupply(network: Network): Promise<Supply[] | undefined> {
  const supplies = await readSupply(network)
  for (const { symbol, balanced, locked, minted, inFlight } of supplies ?? []) {
    const text = balanced ? undefined : `locked ${locked}, minted ${minted}, in flight ${inFlight}`
    alert(network, `supply.${symbol}`, text)
  }
  return supplies
}

type Token = { symbol: string; l1: Address; l2: Address }

async function tokenSupply(
  { l1, l2, manifest }: Network,
  messages: readonly MessageRecord[],
  { symbol, ...token }: Token,
  l1Block: bigint,
): Promise<Supply> {
  const [locked, minted] = await Promise.all([
    l1.readContract({
      address: manifest.l1.contracts.L1StandardBridge,
      abi: l1StandardBridgeAbi,
      functionName: 'deposits',
      args: [token.l1, token.l2],
      blockNumber: l1Block,
    }),
    l2.readContract({ address: token.l2, abi: erc20Abi, functionName: 'totalSupply' }),
  ])
  const inFlight = messages.filter(isInFlight).reduce((sum, { kind, effect }) => {
    if (effect.kind !== 'erc20') return sum
    const arriving = kind === 'deposit' ? token.l2 : token.l1
    const leaving = kind === 'deposit' ? token.l1 : token.l2
    const same = isAddressEqual(effect.localToken, arriving) && isAddressEqual(effect.remoteToken, leaving)
    return same ? sum + effect.amount : sum
  }, 0n)
  return { symbol, l1Block, locked, minted, inFlight, balanced: minted === locked - inFlight }
}

/** What L2's blocks have minted, minus what its withdrawals took away, against the portal's ether. */
async function etherSupply(
  { l1, store, manifest }: Network,
  messages: readonly MessageRecord[],
  l1Block: bigint,
): Promise<Supply> {
  const { OptimismPortal: portal } = manifest.l1.contracts
  const locked = await l1.getBalance({ address: portal, blockNumber: l1Block })
  const head = await store.l2Head()
  const withdrawals = messages.filter((message) => message.kind === 'withdrawal')
  const sum = (records: typeof withdrawals) =>
    records.reduce((total, { withdrawal }) => total + withdrawal.value, 0n)
  const minted = (head?.minted ?? 0n) - sum(withdrawals)
  const inFlight = sum(withdrawals.filter(isInFlight))
  // Whoever gives the portal ether otherwise only adds to what covers L2's.
  return { symbol: 'ETH', l1Block, locked, minted, inFlight, balanced: minted <= locked - inFlight }
}

/** A failed message keeps what it carried on the side it came from. */
function isInFlight({ kind, state }: MessageRecord): boolean {
  if (kind === 'deposit') return state !== 'included' && state !== 'final'
  return state !== 'finalised' && state !== 'replayed'
}
