import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Manifest, writeManifest } from '../../chain/manifest.ts'
import { hashsand, refusal, sandbox, up } from '../support/devnet.ts'
import { sharedNetwork } from '../support/sharedNetwork.ts'

// Somebody does something wrong with a network that is up. What needs one of its own: e2e/inputs.test.ts.

describe('wrong input on a network that is up', function () {
  this.timeout(120_000)
  const network = sharedNetwork()
  const deposit = ['bridge', 'deposit', '--amount', '0.1', '--send']

  /** Runs commands with a manifest that was tampered with. */
  async function withManifest(text: Manifest | string, ...commands: string[][]) {
    const folder = await sandbox()
    try {
      const path = join(folder.state, 'tampered.json')
      await (typeof text === 'string' ? writeFile(path, text) : writeManifest(path, text))
      const { box } = network()
      const refused = []
      for (const words of commands)
        refused.push(await refusal(hashsand([...box.args, '--manifest', path, ...words])))
      return refused
    } finally {
      await folder.remove()
    }
  }

  it('refuses a second instance on the same state folder and names the holder', async () => {
    const { box, command } = network()
    const { error, message } = await refusal(up({ ...box, basePort: box.basePort + 10 }))
    assert.equal(error, 'StateFolderInUseError')
    assert.match(message, new RegExp(`process ${command.child.pid}`))
  })

  it('refuses the manifest of another chain', async () => {
    const { manifest, box } = network()
    const genesisHash = `0x${'ab'.repeat(32)}` as const
    const other = { ...manifest, l2: { ...manifest.l2, genesisHash } }
    for (const { error, message } of await withManifest(other, deposit, ['demo', '--attach'])) {
      assert.equal(error, 'ManifestMismatchError')
      assert.match(message, new RegExp(manifest.l2.genesisHash))
    }
    assert.equal(existsSync(join(box.state, 'demo')), false)
  })

  it('refuses a WBTC pair with wrong decimals', async () => {
    const { manifest } = network()
    const tokens = manifest.tokens.map((token) => ({ ...token, decimals: 18 }))
    const [refused] = await withManifest({ ...manifest, tokens }, deposit)
    assert.equal(refused?.error, 'TokenPairError')
    assert.match(refused?.message ?? '', /decimals on L1 is 8, expected 18/)
  })

  it('refuses a manifest that is none, naming the field', async () => {
    const { manifest } = network()
    const text = JSON.stringify({ ...manifest, l1: { ...manifest.l1, chainId: 'nine hundred' } })
    const [refused] = await withManifest(text, ['status'])
    assert.equal(refused?.error, 'ManifestError')
    assert.match(refused?.message ?? '', /l1\.chainId/)
  })

  it('refuses an amount that the token cannot have', async () => {
    const command = network().hashsand('bridge', 'deposit', '--amount=0.123456789')
    assert.equal((await refusal(command)).error, 'AmountError')
  })

  it('refuses gas for ether, and recipients who could not move what they get', async () => {
    const { wbtc } = network()
    const ether = network().hashsand(
      'bridge',
      'deposit',
      '--token',
      'ETH',
      '--amount',
      '1',
      '--with-gas',
      '1',
    )
    assert.equal((await refusal(ether)).error, 'UsageError')
    const lost = network().hashsand('bridge', 'deposit', '--amount', '0.1', '--to', wbtc.l2, '--send')
    const { error, message } = await refusal(lost)
    assert.equal(error, 'LostRecipientError')
    assert.match(message, new RegExp(wbtc.l2))
  })

  it('sends nothing in a dry run', async () => {
    const dry = network().hashsand('bridge', 'deposit', '--token', 'ETH', '--amount', '1')
    assert.equal(await dry.ended, 0)
    assert.equal(dry.lines.length, 1)
    assert.equal(dry.lines[0]?.dryRun, true)
  })
})
