import assert from 'node:assert/strict'
import { createPublicClient, http } from 'viem'
import { createRegistry, type Seen } from '../../../services/sequencer/metrics.ts'
import type { Network } from '../../../services/sequencer/network.ts'
import { assertExplainedAndShown, assertKnownMetrics } from '../../support/alertRules.ts'

/** Both chains are away. */
function seen(): Seen {
  const away = createPublicClient({ transport: http('http://127.0.0.1:1', { retryCount: 0 }) })
  // Safe: without a chain nothing else of it is looked at.
  const network = {
    l1: away,
    l2: away,
    l1DurablePath: undefined,
    confirmations: 0n,
    alerts: new Map(),
  } as unknown as Network
  return { shared: { network, outboxes: {}, lastRoot: undefined, supply: undefined }, aside: undefined }
}

describe('sequencer alerts', () => {
  it('ask for metrics that the sequencer has', () => {
    assertKnownMetrics('sequencer', createRegistry(seen()))
  })

  it('are told that it is not ready while no chain answers', async () => {
    const text = await createRegistry(seen()).metrics()
    assert.match(text, /^hashsand_sequencer_ready 0$/m)
    assert.doesNotMatch(text, /^hashsand_sequencer_supply_balanced\{/m)
  })

  it("are told of a full disk, also when it is L2's states alone that find no room", async () => {
    const aside = await createRegistry({ shared: undefined, aside: 'full' }).metrics()
    for (const line of [
      /^hashsand_sequencer_ready 0$/m,
      /^hashsand_sequencer_disk_full 1$/m,
      /^hashsand_sequencer_alerts 1$/m,
    ])
      assert.match(aside, line)
    const at = seen()
    assert.match(await createRegistry(at).metrics(), /^hashsand_sequencer_disk_full 0$/m)
    at.shared?.network.alerts.set('disk', 'full')
    assert.match(await createRegistry(at).metrics(), /^hashsand_sequencer_disk_full 1$/m)
  })

  it('are each told of in the README and shown to fire, and to be silent', () => {
    assertExplainedAndShown('sequencer')
  })
})
