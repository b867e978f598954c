import { type Hash, type Hex, type PublicClient, RpcRequestError, BaseError as ViemError } from 'viem'
import { predeploys } from '../../chain/generated/addresses.ts'
import { seal } from './blocks.ts'
import { L2HistoryGoneError } from './errors.ts'
import { loadOpen, type Network, request, requestOnce } from './network.ts'
import { checkDepth, lastCanonical } from './policy.ts'
import type { L1Header, L2Header } from './records.ts'

/*
 * L1 took back blocks that L2 has executed. L2 goes back to its last block whose origin is still on L1, and derives anew from there.
 *
 *   deeper than the operator's policy: nothing is taken back, and the service halts with ReorganisationTooDeepError
 *   killed after rollback   with the node: the dump is the old one, its history is gone, and the next start halts with L2HistoryGoneError.
 *                           Without it: the node has the new head; `resume` dumps it, and the store follows
 *   killed after dumped     the store holds blocks that L2 does not: `follow` rewinds it to the common one
 *
 * A root that was proposed for a block given up here cannot stay: its proposal names an L1 block at or above the
 * block's origin, and L1 refuses it once that block is gone.
 */

/**
 * Takes L2 and the store back to what L1 still stands for. `head` is L1's durable head, `cursor` the newest L1 block that L2 knows.
 * Throws ReorganisationTooDeepError, L2HistoryGoneError.
 */
export async function followReorganisation(
  network: Network,
  { cursor, head }: { cursor: L1Header; head: L1Header },
): Promise<void> {
  const { l2, store, log } = network
  const from = await l2.getBlockNumber({ cacheTime: 0 })
  await network.gate.write(() =>
    seal(network, async () => {
      const target = await lastCanonical(network, head)
      checkDepth(network, cursor.number - target.origin.number)
      log.error({ from, to: target.number, origin: target.origin.number }, 'sequencer.l1.reorganised')
      const orphans = await usersTransactions(network, target.number, from)
      await rollBack(network, from, target)
      await store.rewind({ l1: target.origin.number, l2: target.number })
      await loadOpen(network)
      // Users have been told that these were mined. Those that no longer fit are refused, as on any chain.
      for (const raw of orphans) await request(l2, 'eth_sendRawTransaction', [raw]).catch(ignoreRefusal)
    }),
  )
}

/**
 * Asked once: told a second time because its answer was lost, the node would go back twice as far. Whether it went is seen from its head, and that
 * it can't from the state that it no longer has: what it answers to the request itself may pass.
 */
async function rollBack({ l2 }: Network, from: bigint, target: L2Header): Promise<void> {
  if (from === target.number) return
  const failure = await requestOnce(l2, 'anvil_rollback', [Number(from - target.number)]).then(
    () => undefined,
    (cause: unknown) => ({ cause }),
  )
  const head = await l2.getBlock()
  if (head.hash === target.hash) return
  if (failure !== undefined && head.number === from && (await holdsState(l2, target.number))) {
    throw failure.cause
  }
  throw new L2HistoryGoneError(from, target.number, failure?.cause)
}

/** False where the node refuses the state of this block twice, and gives that of its head. */
async function holdsState(l2: PublicClient, blockNumber: bigint): Promise<boolean> {
  const address = predeploys.L1Block
  for (let tries = 0; tries < 2; tries++) {
    try {
      await l2.getBalance({ address, blockNumber })
      return true
    } catch (error) {
      const isRefused =
        error instanceof ViemError && error.walk((cause) => cause instanceof RpcRequestError) !== null
      if (!isRefused) throw error
    }
    await l2.getBalance({ address })
  }
  return false
}

async function usersTransactions({ l2 }: Network, after: bigint, upTo: bigint): Promise<Hex[]> {
  const raws: Hex[] = []
  for (let number = after + 1n; number <= upTo; number++) {
    const block = await l2.getBlock({ blockNumber: number, includeTransactions: true })
    // A deposit asked for in raw form panics the node.
    for (const { hash, typeHex } of block.transactions) {
      if (typeHex !== '0x7e')
        raws.push(await request<Hex>(l2, 'eth_getRawTransactionByHash', [hash satisfies Hash]))
    }
  }
  return raws
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof ViemError)) throw error
}
