import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../chain/engine/opstack/process.ts'
import { createKeysFile } from '../../../services/runtime/keys.ts'
import { readCursor } from '../../../services/sequencer/derive.ts'
import type { Status } from '../../../services/sequencer/status.ts'
import { eventually, type RunningNetwork } from '../../support/network.ts'
import { startBeside } from './freshSync.ts'
import { reorganiseFrom, signalTo } from './stage.ts'

// A sequencer service that halts where L1 takes back more under L2 than its policy allows, and L1 made to take back exactly so much.

export type Guard = {
  /** Whether it has read all of L2. */
  isLevel(): Promise<boolean>
  /** Its exit code and its words, once it has ended; after two minutes it is taken for one that goes on. */
  ended(): Promise<{ code: number | null; words: string }>
  stop(): Promise<void>
}

export async function startGuard(network: RunningNetwork, policy: number): Promise<Guard> {
  const port = await freePort('a guarding sequencer service')
  const keys = join(network.box.state, 'guard-keys.json')
  await createKeysFile(keys)
  const env = { HASHSAND_REORG_POLICY_BLOCKS: String(policy) }
  const service: ChildProcess = startBeside(network, { name: 'guard', port, keys, env })
  let words = ''
  service.stdout?.on('data', (data: Buffer) => {
    words += data.toString()
  })
  const end = once(service, 'exit')
  return {
    isLevel: async () => {
      const status = (await (await fetch(`http://127.0.0.1:${port}/v1/status`)).json()) as Status
      return status.l2.durable !== undefined && BigInt(status.l2.durable) === BigInt(status.l2.head)
    },
    ended: async () => {
      await Promise.race([end, sleep(120_000)])
      return { code: service.exitCode, words }
    },
    stop: async () => {
      service.kill('SIGTERM')
      await end
    },
  }
}

/** More than the blocks that are taken back and those that L1 makes until it is told to. */
const statesWanted = 40n

/** Lets L1 take back exactly `depth` blocks that L2 stands on, while L2 stands still and the guard has read all of it. */
export async function reorganiseUnder(network: RunningNetwork, guard: Guard, depth: number): Promise<void> {
  const { l1, l2, manifest, box } = network
  const hashOf = async (blockNumber: bigint) => (await l1.getBlock({ blockNumber })).hash
  // An L1 has the states of the blocks since it was started from disk alone, and goes back to no other one.
  const hasStates = async () => {
    const head = await l1.getBlockNumber({ cacheTime: 0 })
    const address = manifest.l1.contracts.OptimismPortal
    return (await l1.getBalance({ address, blockNumber: head - statesWanted })) >= 0n
  }
  await eventually(hasStates, `the states of ${statesWanted} blocks of L1`, 150)
  // From far above L2, L1 would go back behind what it called final, which op-node does not undo.
  const isNear = async () =>
    (await l1.getBlockNumber({ cacheTime: 0 })) - (await readCursor({ l2, manifest })).number <= 4n
  await eventually(isNear, 'L2 near the head of L1', 90)
  signalTo(box, 'op-node', 'SIGSTOP')
  try {
    await eventually(() => guard.isLevel(), 'the guard at the head of L2', 30)
    const { number: origin } = await readCursor({ l2, manifest })
    const lowest = origin - BigInt(depth) + 1n
    const [gone, kept] = [await hashOf(lowest), await hashOf(lowest - 1n)]
    // L1 goes on meanwhile, so one may fall short.
    while ((await hashOf(lowest)) === gone) {
      await reorganiseFrom(l1, manifest.l1.rpcUrl, lowest)
    }
    assert.equal(await hashOf(lowest - 1n), kept)
  } finally {
    signalTo(box, 'op-node', 'SIGCONT')
  }
}
