import { runCases } from '../../../support/alertRules.ts'
import { BUILD_TIMEOUT_MS } from '../../../support/goProgram.ts'

describe('operator alerts in promtool', function () {
  this.timeout(BUILD_TIMEOUT_MS)

  it('fire by their faults, and not on a healthy operator', async function () {
    await runCases('operating', this)
  })
})
