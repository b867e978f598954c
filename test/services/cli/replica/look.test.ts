import assert from 'node:assert/strict'
import fc from 'fast-check'
import { L1UnreachableError } from '../../../../chain/engine/opstack/errors.ts'
import { statusOf } from '../../../../chain/engine/opstack/replicaStatus.ts'
import type { Manifest } from '../../../../chain/manifest.ts'
import { ReplicaSilentError } from '../../../../services/cli/errors.ts'
import {
  describe as inWords,
  isLevel,
  isReady,
  lookAtReplica,
} from '../../../../services/cli/replica/look.ts'
import { startTestNode } from '../../../chain/fixture.ts'

const blockTimeSeconds = 2
// Safe: what is said about a replica reads these fields alone.
const manifest = {
  name: 'test',
  l1: { blockTimeSeconds },
  l2: { chainId: 901 },
  bridge: { sequencingWindowBlocks: 12 },
} as Manifest

/** `headTime` is that of L1's newest block, `safeTime` that of the replica's newest safe one. */
function status({ l1Head = 50, position = 50, headTime = 1_000, safeTime = 996, nowSeconds = 1_001 }) {
  const safe = { number: 10, timestamp: safeTime }
  return statusOf({
    l1: { head: { number: l1Head, timestamp: headTime }, position },
    l2: { head: safe, unsafe: safe, safe, finalized: { number: 3, timestamp: safeTime - 14 } },
    blockTimeSeconds,
    nowSeconds,
  })
}

describe('how far a replica is', () => {
  it('is what lies between its newest safe block, L1 and the clock', () => {
    const { behind } = status({ l1Head: 52, safeTime: 900, nowSeconds: 1_020 })
    assert.deepEqual(behind, { seconds: 100, clockSeconds: 120, l2Blocks: 50, l1Blocks: 2 })
  })

  it('is never negative, and never less by a clock that is ahead than by L1', () => {
    const time = fc.integer({ min: 0, max: 2_000_000_000 })
    const block = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(time, time, time, block, block, (headTime, safeTime, nowSeconds, l1Head, position) => {
        const { behind } = status({ l1Head, position, headTime, safeTime, nowSeconds })
        assert.ok(Object.values(behind).every((value) => value >= 0 && Number.isInteger(value)))
        if (nowSeconds >= headTime) assert.ok(behind.clockSeconds >= behind.seconds)
      }),
    )
  })

  it('is level when all of L1 is read, and ready within two sequencing windows', () => {
    assert.ok(isLevel(status({})))
    assert.ok(!isLevel(status({ l1Head: 51 })))
    // 12 blocks of 2 s, twice.
    assert.ok(isReady(status({ safeTime: 1_000 - 47 }), manifest))
    assert.ok(!isReady(status({ safeTime: 1_000 - 48 }), manifest))
  })

  it('is told in one line, which says when L1 itself is old', () => {
    const young = inWords(manifest, status({ safeTime: 980 }))
    assert.equal(
      young,
      'Replica of test (chain 901): 10 blocks behind, 20 s (L1 50 of 50, L2 safe 10, final 3)',
    )
    assert.match(inWords(manifest, status({ nowSeconds: 1_300 })), /L1 itself is 300 s behind the clock/)
  })

  it('names what does not answer: the replica, or its L1', async () => {
    const l1 = await startTestNode(900)
    const [a, b] = ['http://127.0.0.1:1', 'http://127.0.0.1:2'] as const
    const urls = { l1RpcUrl: l1.rpcUrl, l2RpcUrl: a, nodeRpcUrl: b }
    await assert.rejects(lookAtReplica('folder', urls), ReplicaSilentError).finally(() => l1.stop())
    await assert.rejects(
      lookAtReplica('folder', { ...urls, l2RpcUrl: a, nodeRpcUrl: b, l1RpcUrl: a }),
      L1UnreachableError,
    )
  })
})
