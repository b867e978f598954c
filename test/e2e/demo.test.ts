import assert from 'node:assert/strict'
import { hashsand, sandbox } from '../support/devnet.ts'
import { sharedNetwork, story } from '../support/sharedNetwork.ts'

// The story: one satoshi all the way, by the demo that a newcomer runs, on the engine that HASHSAND_ENGINE names.

const walk = story(async ({ box }) => {
  const folder = await sandbox()
  try {
    const manifest = `${box.state}/901.json`
    const demo = hashsand([...folder.args, '--manifest', manifest, 'demo', '--attach'])
    return { exit: await demo.ended, last: demo.lines.at(-1), stderr: demo.stderr() }
  } finally {
    await folder.remove()
  }
})

describe('demo', function () {
  this.timeout(360_000)
  sharedNetwork()

  it('ends with books that balance to the satoshi', async () => {
    const { exit, last, stderr } = await walk()
    assert.equal(exit, 0, stderr)
    assert.ok(last?.balanced === true)
    const part = (name: string) => BigInt(String(last[name]))
    assert.equal(part('given'), 40_000_000n)
    const dust = part('dust in the ledger') + part('dust in the pool')
    assert.equal(part('pool') + part('miner') + part('buyer') + dust, part('given'))
  })
})
