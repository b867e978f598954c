import { setTimeout as sleep } from 'node:timers/promises'
import { type Hash, type Hex, keccak256 } from 'viem'
import { receiptOf } from '../../../bridge/observe.ts'
import type { RunningNetwork, User } from '../../support/network.ts'

const POLL_MS = 250
/** After so long without a receipt a wallet sends the same transaction again: it may have been lost before any block had it. */
const AGAIN_MS = 10_000

export type Load = {
  /** Every transaction whose receipt was seen. */
  readonly acknowledged: readonly Hash[]
  stop(): Promise<void>
}

/** Somebody who sends a transaction on L2 as soon as the one before has a receipt. */
export function startLoad({ l2, manifest }: RunningNetwork, user: User): Load {
  const abort = new AbortController()
  const { signal } = abort
  const acknowledged: Hash[] = []
  const patiently = <Value>(task: () => Promise<Value>) => task().catch(() => undefined)

  async function one(raw: Hex, hash: Hash): Promise<void> {
    let sentMs = 0
    while (!signal.aborted) {
      if (Date.now() - sentMs > AGAIN_MS) {
        sentMs = Date.now()
        await patiently(() => l2.sendRawTransaction({ serializedTransaction: raw }))
      }
      if ((await patiently(() => receiptOf(l2, hash))) !== undefined) {
        acknowledged.push(hash)
        return
      }
      await sleep(POLL_MS)
    }
  }

  async function run(): Promise<void> {
    for (let nonce = await l2.getTransactionCount(user); !signal.aborted; nonce++) {
      const { raw, hash } = await signed(user, manifest.l2.chainId, nonce)
      await one(raw, hash)
    }
  }

  const running = run()
  running.catch(() => {})
  return {
    acknowledged,
    stop: () => {
      abort.abort()
      return running
    },
  }
}

async function signed(user: User, chainId: number, nonce: number): Promise<{ raw: Hex; hash: Hash }> {
  const { account } = user.l2
  if (account.type !== 'local') throw new Error('a key is needed')
  const raw = await account.signTransaction({
    chainId,
    nonce,
    to: user.address,
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 2_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
  })
  return { raw, hash: keccak256(raw) }
}
