import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, hashsand, interrupt, type Sandbox, sandbox, up } from '../support/devnet.ts'

// The story: somebody leaves L2 by L1 alone. He is told the waiting times beforehand, signs one transaction on L1, and the
// withdrawal ends finalised.

describe('leaving by L1 alone', () => {
  let box: Sandbox
  let network: Command | undefined
  const bridge = (...args: string[]) => hashsand([...box.args, 'bridge', ...args])

  before(async function () {
    this.timeout(120_000)
    box = await sandbox()
    network = up(box)
    await network.line((line) => line.up === true)
  })
  after(async () => {
    await network?.killTree().catch(() => {})
    await box.remove()
  })

  it('tells every waiting time and sends nothing unless asked', async () => {
    const dry = bridge('force-withdraw', '--token', 'ETH', '--amount', '2')
    assert.equal(await dry.ended, 0, dry.stderr())
    const [plan] = dry.lines
    assert.equal(plan?.dryRun, true)
    assert.match(
      String(plan?.steps),
      /executed it after 2 s.*after 60 s at most.*finalised after 69 s at most/,
    )
    assert.deepEqual(await messages('withdrawal'), [])
  })

  it('takes ether from L2 to L1, to finalised', async function () {
    this.timeout(120_000)
    const sent = bridge('force-withdraw', '--token', 'ETH', '--amount', '2', '--send')
    assert.equal(await sent.ended, 0, sent.stderr())
    while ((await messages('withdrawal')).some(({ state }) => state !== 'finalised')) await sleep(500)
    const found = await messages('withdrawal')
    assert.equal(found.length, 1)
    assert.ok(network !== undefined)
    assert.equal(await interrupt(network), 0, network.stderr())
  })

  async function messages(kind: string): Promise<Record<string, unknown>[]> {
    const listed = bridge('messages')
    assert.equal(await listed.ended, 0, listed.stderr())
    return listed.lines.filter((message) => message.kind === kind)
  }
})
