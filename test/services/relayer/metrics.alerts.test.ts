import assert from 'node:assert/strict'
import { zeroAddress } from 'viem'
import { createMetrics } from '../../../services/relayer/metrics.ts'
import { statusOf } from '../../../services/relayer/status.ts'
import { assertExplainedAndShown, assertKnownMetrics } from '../../support/alertRules.ts'

const status = statusOf({
  ...{ network: { id: 1, name: '', unit: '', source: '' }, live: true, nodes: [], peers: [] },
  ...{
    progress: undefined,
    ageMs: undefined,
    lastFailure: undefined,
    pendingTransactions: 0,
    proving: undefined,
    accusations: undefined,
  },
})

describe('relayer alerts', () => {
  it('ask for metrics that the relayer has', () => {
    const { registry } = createMetrics({
      status: () => assert.fail('only names are asked for'),
      peers: () => [],
    })
    assertKnownMetrics('relayer', registry)
  })

  it('see a peer’s first fault, since its counters begin at 0', async () => {
    const peer = { address: zeroAddress, url: 'http://127.0.0.1', up: undefined, lastFailure: undefined }
    const { registry, node } = createMetrics({ status: () => status, peers: () => [peer] })
    const counted = async () => (await registry.metrics()).match(/^hashsand_relayer_equi.*$/gm)
    const series = `hashsand_relayer_equivocations_total{peer="${zeroAddress}"}`
    assert.deepEqual(await counted(), [`${series} 0`])
    node.equivocation(zeroAddress)
    assert.deepEqual(await counted(), [`${series} 1`])
  })

  it('are each told of in the README and shown to fire, and to be silent', () => {
    assertExplainedAndShown('relayer')
  })
})
