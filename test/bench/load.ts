import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Address, type Hash, type Hex, keccak256, type PublicClient } from 'viem'
import type { PrivateKeyAccount } from 'viem/accounts'

// Many senders, signed beforehand, pushed as fast as the node takes them: what counts is what gets into blocks.

export type Sender = { account: PrivateKeyAccount; nonce: number }

export type LoadParameters = {
  client: PublicClient
  rpcUrl: string
  chainId: number
  senders: readonly Sender[]
  call: { to: Address; data?: Hex; value?: bigint; gas: bigint }
  /** Transactions signed in all. */
  count: number
  /** Pushed and not yet in a block, at most. */
  inFlight: number
  seconds: number
}

export type Load = {
  transactionsPerSecond: number
  gasPerSecond: number
  /** Of the block gas limit, in the blocks that were counted. */
  fullness: number
  /** Share of the time in which fewer were waiting than half of what may: blocks could have held more. */
  starved: number
  /** Share of the time in which this process was at work itself: near 1, it is the client that is too slow. */
  clientBusy: number
  included: number
  refused: number
}

const batchSize = 100
const pushers = 4
const pollMs = 50

export async function sustain(parameters: LoadParameters): Promise<Load> {
  const raw = await sign(parameters)
  const book = new Map(raw.map(({ hash }) => [hash, false]))
  const counted = { pushed: 0, included: 0, refused: 0 }
  const clock = { end: Date.now() + parameters.seconds * 1_000 }
  const idle = performance.eventLoopUtilization()
  const watched = watch(parameters, { book, counted, clock })
  // A sender's transactions go through one pusher, in their order.
  const queues: Hex[][] = Array.from({ length: pushers }, () => [])
  for (const [position, { signed }] of raw.entries()) {
    queues[(position % parameters.senders.length) % pushers]?.push(signed)
  }
  await Promise.all(queues.map((queue) => push(parameters, { queue, counted, clock })))
  const load = await watched
  return { ...load, clientBusy: performance.eventLoopUtilization(idle).utilization }
}

type Signed = { signed: Hex; hash: Hash }

/** In the order in which they are pushed: everybody's first, everybody's second, and so on. */
async function sign({ client, chainId, senders, call, count }: LoadParameters): Promise<Signed[]> {
  const { baseFeePerGas } = await client.getBlock()
  // Full blocks raise the price for as long as this lasts.
  const maxFeePerGas = 10n * (baseFeePerGas ?? 0n) + 10_000_000n
  const signed: Signed[] = []
  for (let turn = 0; signed.length < count; turn++) {
    for (const { account, nonce } of senders) {
      const transaction = await account.signTransaction({
        type: 'eip1559',
        chainId,
        nonce: nonce + turn,
        maxFeePerGas,
        maxPriorityFeePerGas: 1_000_000n,
        ...call,
      })
      signed.push({ signed: transaction, hash: keccak256(transaction) })
    }
  }
  return signed
}

type Shared = {
  counted: { pushed: number; included: number; refused: number }
  clock: { end: number }
}

async function push(
  { rpcUrl, inFlight }: LoadParameters,
  { queue, counted, clock }: Shared & { queue: Hex[] },
): Promise<void> {
  while (Date.now() < clock.end && queue.length > 0) {
    if (counted.pushed - counted.included >= inFlight) {
      await sleep(5)
      continue
    }
    const batch = queue.splice(0, batchSize)
    counted.pushed += batch.length
    const refused = await post(rpcUrl, batch)
    const again = refused.map((id) => batch[id] ?? '0x')
    counted.pushed -= again.length
    counted.refused += again.length
    // A pool that is full takes them later.
    queue.unshift(...again)
    if (again.length > 0) await sleep(20)
  }
}

/** Sends a batch and answers the positions of those that the node does not take now. */
async function post(rpcUrl: string, batch: readonly Hex[]): Promise<number[]> {
  const body = batch.map((signed, id) => ({
    jsonrpc: '2.0',
    id,
    method: 'eth_sendRawTransaction',
    params: [signed],
  }))
  const headers = { 'content-type': 'application/json' }
  const send = () => fetch(rpcUrl, { method: 'POST', headers, body: JSON.stringify(body) })
  // A connection that stood idle while this process was signing may be closed by now.
  const response = await send().catch(send)
  const answers = (await response.json()) as { id: number; error?: { message: string } }[]
  return answers
    .filter(({ error }) => error !== undefined && !/already (known|imported)/.test(error.message))
    .map(({ id }) => id)
}

/** Reads every block while the load lasts. The first block with transactions of the load starts the clock; it isn't counted. */
async function watch(
  { client, inFlight }: LoadParameters,
  { book, counted, clock }: Shared & { book: Map<Hash, boolean> },
): Promise<Omit<Load, 'clientBusy'>> {
  let next = (await client.getBlockNumber({ cacheTime: 0 })) + 1n
  let [first, last] = [0, 0]
  let [transactions, gas, limit] = [0, 0n, 0n]
  let [polls, hungry] = [0, 0]
  while (Date.now() < clock.end) {
    const head = await client.getBlockNumber({ cacheTime: 0 })
    const seen = Date.now()
    for (; next <= head; next++) {
      const block = await client.getBlock({ blockNumber: next })
      const ours = block.transactions.filter((hash) => book.get(hash) === false)
      for (const hash of ours) book.set(hash, true)
      counted.included += ours.length
      if (first === 0) {
        if (ours.length > 0) first = seen
        continue
      }
      transactions += ours.length
      gas += block.gasUsed
      limit += block.gasLimit
      last = seen
    }
    if (first > 0) {
      polls++
      if (counted.pushed - counted.included < inFlight / 2) hungry++
    }
    await sleep(pollMs)
  }
  const seconds = Math.max(last - first, 1) / 1_000
  return {
    transactionsPerSecond: transactions / seconds,
    gasPerSecond: Number(gas) / seconds,
    fullness: limit === 0n ? 0 : Number((gas * 10_000n) / limit) / 10_000,
    starved: polls === 0 ? 1 : hungry / polls,
    included: counted.included,
    refused: counted.refused,
  }
}
