import { type Address, erc20Abi, isAddressEqual } from 'viem'
import { l1StandardBridgeAbi } from '../../chain/generated/opAbi.ts'
import { readShown } from './blocks.ts'
import { readCursor } from './derive.ts'
import { factsAt } from './facts.ts'
import { alert, l1HashAt, type Network, settledHead } from './network.ts'
import type { L1Header, MessageRecord } from './records.ts'

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
    const moment = await currentMoment(network)
    if (moment === undefined) return undefined
    const messages = await messagesAt(network, moment.l1)
    const supplies = [await etherSupply(network, messages, moment)]
    for (const token of network.manifest.tokens) {
      supplies.push(await tokenSupply(network, messages, token, moment))
    }
    return (await currentMoment(network))?.name === moment.name ? supplies : undefined
  })
}

/** An L2 block, and the L1 block down to which L2 has executed all deposits. */
type Moment = { name: string; l1: L1Header; l2Block: bigint; minted: bigint }

async function currentMoment(network: Network): Promise<Moment | undefined> {
  const read = await network.store.l2Head()
  if (read === undefined) return undefined
  const { origin, number: l2Block, minted } = read
  const at = { l2Block, minted, name: `${origin.hash} ${read.hash}` }
  // op-node keeps L2 some blocks behind L1, and executes an L1 block's deposits all at once: the sides are compared at L2's origin.
  if (network.dumps === undefined) {
    const isThere = (await l1HashAt(network, origin.number)) === origin.hash
    return isThere ? { ...at, l1: origin } : undefined
  }
  // The embedded L2 keeps up with L1, and executes deposits one by one: they are compared when it is level.
  const [head, cursor] = [await settledHead(network), await readCursor(network)]
  return head?.hash === cursor.hash ? { ...at, l1: head } : undefined
}

/** Messages that may be in flight at an L1 block, with the states that withdrawals have there: one that was finalised since still is. */
async function messagesAt(network: Network, at: L1Header): Promise<MessageRecord[]> {
  const { open, ended } = network
  for (const [id, { history }] of ended) {
    if ((history.at(-1)?.blockNumber ?? 0n) <= at.number) ended.delete(id)
  }
  // The store notes the deposits of an origin before it has the first L2 block on that origin.
  const begun = [...open.values(), ...ended.values()].filter(
    (message) => message.kind === 'withdrawal' || message.deposit.origin.blockNumber <= at.number,
  )
  return Promise.all(
    begun.map(async (message) => {
      if (message.kind === 'deposit') return message
      const { finalised, delivered } = await factsAt(network.facts, message.withdrawal, at)
      return { ...message, state: finalised && delivered ? 'finalised' : 'proven' }
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
  { l1: { number: l1Block }, l2Block }: Moment,
): Promise<Supply> {
  const [locked, minted] = await Promise.all([
    l1.readContract({
      address: manifest.l1.contracts.L1StandardBridge,
      abi: l1StandardBridgeAbi,
      functionName: 'deposits',
      args: [token.l1, token.l2],
      blockNumber: l1Block,
    }),
    l2.readContract({ address: token.l2, abi: erc20Abi, functionName: 'totalSupply', blockNumber: l2Block }),
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
  { l1, manifest, store }: Network,
  messages: readonly MessageRecord[],
  moment: Moment,
): Promise<Supply> {
  const { number: l1Block } = moment.l1
  const { OptimismPortal: portal } = manifest.l1.contracts
  const locked = await l1.getBalance({ address: portal, blockNumber: l1Block })
  const minted = moment.minted - store.tally().withdrawnWei
  const inFlight = messages.reduce(
    (sum, message) =>
      message.kind === 'withdrawal' && isInFlight(message) ? sum + message.withdrawal.value : sum,
    0n,
  )
  // Whoever gives the portal ether otherwise only adds to what covers L2's.
  return { symbol: 'ETH', l1Block, locked, minted, inFlight, balanced: minted <= locked - inFlight }
}

/** A failed message keeps what it carried on the side it came from. */
function isInFlight({ kind, state }: MessageRecord): boolean {
  if (state === 'replayed') return false
  return kind === 'deposit' ? state !== 'included' && state !== 'final' : state !== 'finalised'
}
