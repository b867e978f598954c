import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zeroAddress } from 'viem'
import { createMetrics } from '../../../services/relayer/metrics.ts'
import { statusOf } from '../../../services/relayer/status.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const rules = join(root, 'services', 'relayer', 'alerts.yml')
const cases = join(import.meta.dirname, 'alerts.test.yml')

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
  it('ask for metrics that the relayer has', async () => {
    const text = readFileSync(rules, 'utf8')
    const asked = new Set([...text.matchAll(/hashsand_relayer_\w+/g)].map(([name]) => name))
    const { registry } = createMetrics({
      status: () => assert.fail('only names are asked for'),
      peers: () => [],
    })
    const known = new Set(registry.getMetricsAsArray().map(({ name }) => name))
    assert.ok(asked.size >= 12)
    assert.deepEqual(
      [...asked].filter((name) => !known.has(name)),
      [],
    )
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
    const readme = readFileSync(join(root, 'services', 'relayer', 'README.md'), 'utf8')
    const tests = readFileSync(cases, 'utf8')
    const names = [...readFileSync(rules, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '')
    for (const name of names) {
      assert.match(readme, new RegExp(name), `README.md says nothing of ${name}`)
      const shown = [...tests.matchAll(new RegExp(`alertname: ${name}(?:, exp_alerts: (\\[\\]))?`, 'g'))]
      assert.ok(
        shown.some(([, silent]) => silent === undefined),
        `${name} is never shown to fire`,
      )
      assert.ok(
        shown.some(([, silent]) => silent !== undefined),
        `${name} is never shown to be silent`,
      )
    }
  })
})
