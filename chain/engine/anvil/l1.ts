import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, Hash } from 'viem'
import { z } from 'zod'
import { BaseError } from '../../errors.ts'
import { HeadMovedError, MiningFailedError } from '../errors.ts'
import { type DumpStore, replaceFile, type SavedState } from './dump.ts'
import { anvil } from './rpc.ts'

const schema = z.object({
  number: z.number().int().nonnegative(),
  hash: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    // Safe: the pattern.
    .transform((value) => value as Hash),
})

/** The newest L1 block that no kill can take away any more. */
export type DurableBlock = z.infer<typeof schema>

/** Follows the newest rules; safe and finalised lag the head by one and two blocks. */
export const l1Arguments = ['--hardfork', 'osaka', '--slots-in-an-epoch', '1']

export async function writeDurable(path: string, { number, hash }: SavedState): Promise<void> {
  await replaceFile(path, JSON.stringify({ number: Number(number), hash }))
}

/** Undefined while the chain is being made. The file is replaced as a whole, so it is never half written. */
export function readDurable(path: string): DurableBlock | undefined {
  return existsSync(path) ? schema.parse(JSON.parse(readFileSync(path, 'utf8'))) : undefined
}

export type MinerParameters = {
  store: DumpStore
  durablePath: string
  blockTimeSeconds: number
}

export type Miner = {
  /** Resolves when mining stopped by an error. */
  readonly failed: Promise<BaseError>
  /** Lets the block in hand become durable first. */
  stop(): Promise<void>
}

/** Mines L1 at its pace and makes each block durable before the next; only then is it named in durable.json. */
export function startMiner(client: Client, { store, durablePath, blockTimeSeconds }: MinerParameters): Miner {
  const abort = new AbortController()
  const { signal } = abort
  const periodMs = blockTimeSeconds * 1_000

  async function makeDurable(): Promise<void> {
    try {
      await writeDurable(durablePath, await store.save(client))
    } catch (error) {
      // A user of the test chain mines by hand, faster than it can be saved: the next block makes up for it.
      if (!(error instanceof HeadMovedError)) throw error
    }
  }

  async function run(): Promise<void> {
    let due = Date.now() + periodMs
    while (!signal.aborted) {
      await sleep(Math.max(0, due - Date.now()), undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      // A late block does not make the following ones come faster.
      due = Math.max(due + periodMs, Date.now())
      await anvil(client, 'evm_mine', [])
      await makeDurable()
    }
  }

  const running = run()
  const failed = running.then(
    () => new Promise<never>(() => {}),
    (error: unknown) => (error instanceof BaseError ? error : new MiningFailedError(error)),
  )
  return {
    failed,
    stop: async () => {
      abort.abort()
      await running.catch(() => {})
    },
  }
}
