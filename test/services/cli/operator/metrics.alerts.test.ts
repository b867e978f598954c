import assert from 'node:assert/strict'
import { parseEther, BaseError as ViemError } from 'viem'
import type { Vitals } from '../../../../chain/engine/opstack/vitals.ts'
import { createMetrics, serveMetrics } from '../../../../services/cli/operator/metrics.ts'
import { PortInUseError } from '../../../../services/runtime/errors.ts'
import { assertExplainedAndShown, assertKnownMetrics } from '../../../support/alertRules.ts'

const healthy: Vitals = {
  heads: {
    l1: { number: 100, timestamp: 1_200 },
    unsafe: { number: 600, timestamp: 1_190 },
    safe: { number: 570, timestamp: 1_130 },
    finalized: { number: 400, timestamp: 790 },
  },
  safeOriginLagBlocks: 6,
  senders: {
    batcher: { balanceWei: parseEther('3'), nonce: { latest: 40, pending: 42 } },
    proposer: { balanceWei: parseEther('2'), nonce: { latest: 7, pending: 7 } },
  },
  disk: { usedBytes: 5_000_000, freeBytes: 9_000_000 },
}

const withBatcher = (balanceEther: string): Vitals => ({
  ...healthy,
  senders: {
    ...healthy.senders,
    batcher: { ...healthy.senders.batcher, balanceWei: parseEther(balanceEther) },
  },
})

describe('operator metrics', () => {
  let vitals: Vitals | undefined
  const look = async (): Promise<Vitals> => {
    if (vitals === undefined) throw new ViemError('L1 is away')
    return vitals
  }
  const create = () => createMetrics({ look, sequencingWindowBlocks: 3_600 })
  /** The lines of ours, each `name{labels} value`. */
  const shown = async ({ registry }: ReturnType<typeof create>) =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith('hashsand_operator_'))

  it('are what the alerts ask for', () => {
    assertKnownMetrics('operating', create().registry)
  })

  it('say how far the safe head lags, what waits in the pool, what is left of keys and disk', async () => {
    vitals = healthy
    const lines = await shown(create())
    for (const line of [
      'hashsand_operator_ready 1',
      'hashsand_operator_head_block{head="unsafe"} 600',
      'hashsand_operator_head_time_seconds{head="finalized"} 790',
      'hashsand_operator_safe_lag_seconds 60',
      'hashsand_operator_safe_origin_lag_blocks 6',
      'hashsand_operator_sequencing_window_blocks 3600',
      'hashsand_operator_key_balance_ether{role="batcher"} 3',
      'hashsand_operator_nonce{role="batcher"} 40',
      'hashsand_operator_nonce_gap{role="batcher"} 2',
      'hashsand_operator_nonce_gap{role="proposer"} 0',
      'hashsand_operator_archive_bytes 5000000',
      'hashsand_operator_disk_free_bytes 9000000',
    ])
      assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`)
  })

  it('count what a key spends, whatever it is sent meanwhile', async () => {
    const metrics = create()
    const spent = async (balanceEther: string) => {
      vitals = withBatcher(balanceEther)
      const line = (await shown(metrics)).find((text) => text.includes('spent_ether_total{role="batcher"}'))
      return Number(line?.split(' ')[1])
    }
    assert.equal(await spent('3'), 0)
    assert.equal(await spent('2.5'), 0.5)
    assert.equal(await spent('10'), 0.5)
    assert.equal(await spent('9.75'), 0.75)
  })

  it('tell that L1 or op-node is away, and nothing of before', async () => {
    const metrics = create()
    vitals = healthy
    await shown(metrics)
    vitals = undefined
    const lines = await shown(metrics)
    assert.ok(lines.includes('hashsand_operator_ready 0'))
    assert.ok(!lines.some((line) => /safe_lag_seconds|key_balance|nonce|disk_free/.test(line)))
  })

  it('count every event of the supervisor, from 0 on', async () => {
    const metrics = create()
    vitals = healthy
    const of = async (what: string) => (await shown(metrics)).find((line) => line.includes(`"${what}"`))
    assert.match(String(await of('out-of-funds')), /severity="page"} 0$/)
    metrics.count({ severity: 'page', what: 'out-of-funds', detail: '' })
    assert.match(String(await of('out-of-funds')), /severity="page"} 1$/)
    assert.match(String(await of('l2-stuck')), / 0$/)
  })

  it('are served on a port of their own, which two do not share', async () => {
    vitals = healthy
    const served = await serveMetrics(create(), 0)
    try {
      const response = await fetch(`${served.url}/metrics`)
      assert.match(String(response.headers.get('content-type')), /^text\/plain/)
      assert.match(await response.text(), /^hashsand_operator_ready 1$/m)
      assert.equal((await fetch(`${served.url}/healthz`)).status, 200)
      assert.equal((await fetch(`${served.url}/`)).status, 404)
      await assert.rejects(serveMetrics(create(), Number(new URL(served.url).port)), PortInUseError)
    } finally {
      await served.close()
    }
  })

  it('have alerts that are each told of in the README and shown to fire, and to be silent', () => {
    assertExplainedAndShown('operating')
  })
})
