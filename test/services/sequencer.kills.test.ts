import assert from 'node:assert/strict'
import { type Failpoint, failpoints } from '../../services/runtime/failpoint.ts'
import { type Load, startLoad } from './sequencerLoad.ts'
import { startTestNetwork, type TestNetwork } from './sequencerNetwork.ts'

// A real process that kills itself at each moment of its work, one run after the other; each run takes up what the one before left.

/** Where the first time is that of the start, and a later one falls between messages. */
const later: Partial<Record<Failpoint, number>> = {
  'block.mine.before': 3,
  'block.mine.after': 3,
  'block.dump.before': 3,
  'block.dump.after': 3,
  'block.store.before': 3,
  'block.store.after': 3,
}

describe('sequencer, killed', function () {
  this.timeout(400_000)
  let network: TestNetwork
  let load: Load

  before(async () => {
    network = await startTestNetwork()
    load = await startLoad(network)
    await network.killSequencer()
  })
  after(() => network?.close())

  it('refuses to start with a moment that it does not know', async () => {
    assert.deepEqual(await network.runSequencer({ HASHSAND_FAILPOINT: 'block.eat' }), {
      code: 70,
      signal: null,
    })
  })

  for (const name of failpoints) {
    it(`at ${name}`, async () => {
      const run = network.runSequencer({ HASHSAND_FAILPOINT: `${name}:${later[name] ?? 1}` })
      await load.send()
      assert.deepEqual(await run, { code: null, signal: 'SIGKILL' })
    })
  }

  it('has lost nothing, doubled nothing, and left nothing behind', async () => {
    await network.startSequencer()
    await load.checkEndState(120)
    const { deposits, withdrawals } = load.counts()
    assert.deepEqual([deposits, withdrawals], [failpoints.length * 2, failpoints.length])
  })
})
