import { runCases } from '../../support/alertRules.ts'
import { BUILD_TIMEOUT_MS } from '../../support/goProgram.ts'

describe('sequencer alerts in promtool', function () {
  this.timeout(BUILD_TIMEOUT_MS)

  it('fire by their faults, and not on a healthy service', async function () {
    await runCases('sequencer', this)
  })
})
