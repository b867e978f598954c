import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from 'prom-client'
import type { GoProgram } from '../../chain/opstack/goProgram.ts'
import { buildOrSkip } from './goProgram.ts'

// Alert rules of a service, and the cases that promtool tries them on.

const root = join(import.meta.dirname, '..', '..')
const promtool: GoProgram = {
  name: 'promtool',
  label: 'promtool',
  folder: join(root, 'test', 'support', 'promtool'),
  source: 'github.com/prometheus/prometheus/cmd/promtool',
}

type Service = 'relayer' | 'sequencer' | 'operating'
const rulesOf = (service: Service) => join(root, 'services', service, 'alerts.yml')
const casesOf = (service: Service) => join(root, 'test', 'services', service, 'alerts.test.yml')

/** Fails where the rules ask for a metric that the service does not have. */
export function assertKnownMetrics(service: Service, registry: Registry): void {
  const text = readFileSync(rulesOf(service), 'utf8')
  const asked = new Set([...text.matchAll(/hashsand_\w+/g)].map(([name]) => name))
  const known = new Set(registry.getMetricsAsArray().map(({ name }) => name))
  assert.ok(asked.size >= 8)
  assert.deepEqual(
    [...asked].filter((name) => !known.has(name)),
    [],
  )
}

/** Fails where the README leaves an alert out, or no case shows it to fire, or none to be silent. */
export function assertExplainedAndShown(service: Service): void {
  const readme = readFileSync(join(root, 'services', service, 'README.md'), 'utf8')
  const cases = readFileSync(casesOf(service), 'utf8')
  const rules = readFileSync(rulesOf(service), 'utf8')
  const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '')
  for (const name of names) {
    assert.match(readme, new RegExp(`\\b${name}\\b`), `README.md says nothing of ${name}`)
    const shown = [...cases.matchAll(new RegExp(`alertname: ${name}(?:, exp_alerts: (\\[\\]))?`, 'g'))]
    assert.ok(
      shown.some(([, silent]) => silent === undefined),
      `${name} is never shown to fire`,
    )
    assert.ok(
      shown.some(([, silent]) => silent !== undefined),
      `${name} is never shown to be silent`,
    )
  }
}

/** Runs the cases in promtool, or skips the test with a word where it can't be built. */
export async function runCases(service: Service, context: Mocha.Context): Promise<void> {
  const path = await buildOrSkip(promtool, context)
  const folder = mkdtempSync(join(tmpdir(), 'hashsand-alerts-'))
  try {
    copyFileSync(rulesOf(service), join(folder, 'alerts.yml'))
    copyFileSync(casesOf(service), join(folder, 'alerts.test.yml'))
    const { status, stdout, stderr } = spawnSync(path, ['test', 'rules', 'alerts.test.yml'], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.equal(status, 0, `${stdout}${stderr}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
