import assert from 'node:assert/strict'
import { createPublicClient, http } from 'viem'
import { createRegistry } from '../../../services/sequencer/metrics.ts'
import type { Network } from '../../../services/sequencer/network.ts'
import type { Shared } from '../../../services/sequencer/status.ts'
import { assertExplainedAndShown, assertKnownMetrics } from '../../support/alertRules.ts'

/** Both chains are away. */
function shared(): Shared {
  const away = createPublicClient({ transport: http('http://127.0.0.1:1', { retryCount: 0 }) })
  // Safe: without a chain nothing else of it is looked at.
  const network = { l1: away, l2: away, l1DurablePath: undefined, confirmations: 0n } as unknown as Network
  return { network, outboxes: {}, lastRoot: undefined, supply: undefined }
}

describe('sequencer alerts', () => {
  it('ask for metrics that the sequencer has', () => {
    assertKnownMetrics('sequencer', createRegistry(shared()))
  })

  it('are told that it is not ready while no chain answers', async () => {
    const text = await createRegistry(shared()).metrics()
    assert.match(text, /^hashsand_sequencer_ready 0$/m)
    assert.doesNotMatch(text, /^hashsand_sequencer_supply_balanced\{/m)
  })

  it('are each told of in the README and shown to fire, and to be silent', () => {
    assertExplainedAndShown('sequencer')
  })
})
