import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GoProgram } from '../../../chain/opstack/goProgram.ts'
import { BUILD_TIMEOUT_MS, buildOrSkip } from '../../support/goProgram.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const promtool: GoProgram = {
  name: 'promtool',
  label: 'promtool',
  folder: join(root, 'test', 'support', 'promtool'),
  source: 'github.com/prometheus/prometheus/cmd/promtool',
}

describe('relayer alerts in promtool', function () {
  this.timeout(BUILD_TIMEOUT_MS)

  it('fire by their faults, and not on a healthy node', async function () {
    const path = await buildOrSkip(promtool, this)
    const folder = mkdtempSync(join(tmpdir(), 'hashsand-alerts-'))
    try {
      copyFileSync(join(root, 'services', 'relayer', 'alerts.yml'), join(folder, 'alerts.yml'))
      copyFileSync(join(import.meta.dirname, 'alerts.test.yml'), join(folder, 'alerts.test.yml'))
      const { status, stdout, stderr } = spawnSync(path, ['test', 'rules', 'alerts.test.yml'], {
        cwd: folder,
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${stdout}${stderr}`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
