import {
  type Address,
  encodeFunctionData,
  erc20Abi,
  getAbiItem,
  getAddress,
  type Hex,
  BaseError as ViemError,
} from 'viem'
import { BaseError } from '../../chain/errors.ts'
import { payoutForwarderFactory } from '../../chain/generated/abi.ts'
import { isUnderWay, sendOnce } from '../runtime/attempt.ts'
import type { Outbox } from '../runtime/outbox.ts'
import { OutboxStoppedError } from '../runtime/outboxErrors.ts'
import { alert, type Network, settledHead } from './network.ts'

/*
 * Payout forwarders are addresses on L1 to which pools pay. What lies there goes over the bridge to its owner on L2 when somebody sweeps it, and
 * anybody may. This service does so for the forwarders that exist, once the balance is worth the gas. A balance at L1's durable head is the
 * effect that is missing, so each payout is swept once, whatever is killed.
 */

/** The least balance that is worth a sweep, in base units, by symbol; `ETH` is ether. */
export type SweepLeast = ReadonlyMap<string, bigint>

export type Sweeper = {
  network: Network
  outbox: Outbox
  least: SweepLeast
  /** Forwarders by the account on L2 to which they pay. */
  forwarders: Map<Address, Address>
  /** The L1 block from which on forwarders are still to be read. */
  next: bigint
  busy: Set<string>
  bug?: unknown
}

export function createSweeper(parts: Pick<Sweeper, 'network' | 'outbox' | 'least'>): Sweeper {
  const next = BigInt(parts.network.manifest.l1.startBlock.number)
  return { ...parts, forwarders: new Map(), next, busy: new Set() }
}

/** L1 blocks between two looks at the balances. */
const blocksPerLook = 5n
/** Blocks that are asked for at a time: what nodes answer at once. */
const blocksPerQuery = 5_000n

/** Begins to sweep every forwarder that holds enough, unless L1 has hardly moved since the last look. */
export async function sweepForwarders(sweeper: Sweeper): Promise<void> {
  const { network, least, forwarders } = sweeper
  if (sweeper.bug !== undefined) throw sweeper.bug
  const factory = network.manifest.l1.payoutForwarderFactory
  if (factory === undefined || least.size === 0 || network.words.paused !== undefined) return
  const head = await settledHead(network)
  if (head === undefined || head.number < sweeper.next + blocksPerLook - 1n) return
  await readForwarders(sweeper, factory, head.number)
  for (const [recipient, forwarder] of forwarders) {
    for (const [symbol, enough] of least) {
      const sweep = sweepOf(network, factory, recipient, symbol)
      if (sweep === undefined) continue
      const balance = await balanceOf(network, sweep.token, forwarder, head.number)
      if (balance >= enough) start(sweeper, { ...sweep, symbol, balance, at: head.number })
    }
  }
}

async function readForwarders(sweeper: Sweeper, factory: Address, head: bigint): Promise<void> {
  while (sweeper.next <= head) {
    const last = sweeper.next + blocksPerQuery - 1n
    const toBlock = last < head ? last : head
    const events = await sweeper.network.l1.getLogs({
      address: factory,
      event: getAbiItem({ abi: payoutForwarderFactory.abi, name: 'ForwarderDeployed' }),
      fromBlock: sweeper.next,
      toBlock,
      strict: true,
    })
    for (const { args } of events) sweeper.forwarders.set(args.recipient, args.forwarder)
    sweeper.next = toBlock + 1n
  }
}

type Sweep = { effect: string; token: Address | undefined; to: Address; data: Hex }

/** The call that sweeps one thing; undefined where the network has no such token. */
function sweepOf({ manifest }: Network, to: Address, recipient: Address, symbol: string): Sweep | undefined {
  const { abi } = payoutForwarderFactory
  const effect = `sweep:${symbol}:${getAddress(recipient)}`
  if (symbol === 'ETH') {
    const data = encodeFunctionData({ abi, functionName: 'sweepEther', args: [recipient] })
    return { effect, token: undefined, to, data }
  }
  const token = manifest.tokens.find((pair) => pair.symbol === symbol)?.l1
  if (token === undefined) return undefined
  return {
    effect,
    token,
    to,
    data: encodeFunctionData({ abi, functionName: 'sweep', args: [recipient, token] }),
  }
}

function balanceOf({ l1 }: Network, token: Address | undefined, address: Address, blockNumber: bigint) {
  if (token === undefined) return l1.getBalance({ address, blockNumber })
  const call = { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [address] } as const
  return l1.readContract({ ...call, blockNumber })
}

type Worthwhile = Sweep & { symbol: string; balance: bigint; at: bigint }

function start(sweeper: Sweeper, { effect, to, data, balance, at }: Worthwhile): void {
  const { busy, outbox, network } = sweeper
  if (busy.has(effect) || isUnderWay(outbox, effect, at)) return
  busy.add(effect)
  network.log.info({ effect, balance }, 'sequencer.sweep')
  sendOnce(outbox, { effect, missingAt: at }, { to, data })
    .then(() => alert(network, effect, undefined))
    .catch((error: unknown) => {
      if (error instanceof OutboxStoppedError) return
      if (error instanceof BaseError) return alert(network, effect, error.message)
      if (!(error instanceof ViemError)) sweeper.bug = error
    })
    .finally(() => busy.delete(effect))
}
